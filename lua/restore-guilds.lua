#!lua
-- Puts guilds back, each with its roles and its vanity. The owner is a member, whatever follows. Another guild of the
-- same id goes, with all that was its own.
--
-- KEYS[2…] invited:{p}:   p = partitions of the guilds
-- ARGV     for each guild:
--   1-3    which of KEYS · guild id · born_seq
--   4-8    owner · flags (lib/guilds.lua) · max_members · told member count or '' · presence count or ''
--   9-10   JSON shown in invites · JSON of the record as told, without the counts
--   11-15  vanity: version · code or '' · uses · created_at in ms · token
--   16     how many roles, then for each: role id, known permission bits
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each guild (lib/restoring.lua): w k}
-- Channels that are there choose the one that the vanity shows. Sent twice, the second changes nothing but revisions.

--! include closed
--! include restoring
--! include guilds
--! include invites
--! include directory

-- One that was deleted and put again since, or before: nothing of it belongs to the other.
local function erase(guild)
  for _, code in ipairs(invites.codes(guild)) do
    local invite = invites.record(code)
    if invite and invite.guild_id == guild.id then
      invites.forget(invite)
    end
  end
  guilds.erase(guild)
end

local function restore(at, roles_at, roles_end)
  local guild_id, born_seq, owner_id = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local code, uses, created_at_ms = ARGV[at + 11], tonumber(ARGV[at + 12]), ARGV[at + 13]
  local guild = guilds.read(guild_id)
  if guild and guilds.read_vanity(guild).born_seq ~= born_seq then
    erase(guild)
    guild = nil
  end
  guild = guild or guilds.new(guild_id, born_seq)
  -- Joins by a vanity leave no mark.
  if code ~= '' and guild.vanity_code == code and guild.vanity_created_at_ms == created_at_ms then
    uses = math.max(uses, guild.vanity_uses or 0)
  end
  guild.owner_id, guild.flags, guild.max_members = owner_id, ARGV[at + 4], ARGV[at + 5]
  guild.told_member_count, guild.presence_count = tonumber(ARGV[at + 6]), ARGV[at + 7]
  guild.vanity_version, guild.vanity_code, guild.vanity_uses = ARGV[at + 10], code, code ~= '' and uses or nil
  guild.vanity_created_at_ms, guild.vanity_token = created_at_ms, ARGV[at + 14]
  redis.call('SET', guild.key .. ':json', ARGV[at + 8])
  redis.call('SET', guild.key .. ':record', ARGV[at + 9])
  redis.call('DEL', guild.key .. ':roles')
  for role_at = roles_at, roles_end, 2 do
    redis.call('HSET', guild.key .. ':roles', ARGV[role_at], ARGV[role_at + 1])
  end
  redis.call('HSETNX', guild.key .. ':members', owner_id, 'p')
  directory.changed(guild)
end

local letters, at = {}, 1
while at <= #ARGV do
  keys.enter(KEYS[tonumber(ARGV[at])])
  local roles_at, roles = at + 16, tonumber(ARGV[at + 15])
  local following = roles_at + 2 * roles
  if restoring.is_newer('guild:' .. ARGV[at + 1]) then
    letters[#letters + 1] = restoring.KEPT
  else
    restore(at, roles_at, following - 1)
    letters[#letters + 1] = restoring.WRITTEN
  end
  at = following
end
return { 'restored', table.concat(letters) }
