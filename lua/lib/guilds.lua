-- Guild records and memberships: reading them, counting them, ending a membership.

--! include keys
--! include journal

local guilds = {
  -- Bits of the guild field `flags`.
  INVITES_DISABLED = 1,
  VANITY_URL = 2,
  -- Bits of the guild field `ban_kinds`: which hashes of bans there are, so that no accept has to look.
  USERS_BANNED = 1,
  ADDRESSES_BANNED = 2,
}

-- The fields that every decision and answer needs, or nil for an unknown guild.
function guilds.read(guild_id)
  local key = keys.guild(guild_id)
  local values = redis.call('HMGET', key, 'owner_id', 'flags', 'max_members', 'revision', 'told_member_count',
    'presence_count', 'ban_kinds')
  if not values[1] then
    return nil
  end
  return { id = guild_id, key = key, owner_id = values[1], flags = tonumber(values[2]),
    max_members = tonumber(values[3]), revision = values[4] or '', told_member_count = values[5] or '',
    presence_count = values[6] or '', ban_kinds = tonumber(values[7] or 0) }
end

-- Puts beside them what a guild's vanity needs.
function guilds.read_vanity(guild)
  local values = redis.call('HMGET', guild.key, 'vanity_code', 'vanity_uses', 'vanity_created_at_ms',
    'vanity_version', 'vanity_token', 'landing_channel_id')
  guild.vanity_code, guild.vanity_uses = values[1] or '', values[2] or ''
  guild.vanity_created_at_ms, guild.vanity_version = values[3] or '', values[4] or ''
  guild.vanity_token, guild.landing_channel_id = values[5] or '', values[6] or ''
  return guild
end

-- What invites show of the guild. Asked for only where a caller doesn't have this revision of it.
function guilds.json(guild)
  guild.json = guild.json or redis.call('HGET', guild.key, 'json')
  return guild.json
end

function guilds.exists(guild_id)
  return redis.call('EXISTS', keys.guild(guild_id)) == 1
end

function guilds.has(guild, flag)
  return bit.band(guild.flags, flag) ~= 0
end

-- How many members the guild has: what the host told, moved by what the engine saw since; else its own count.
function guilds.member_count(guild)
  guild.count = guild.count or tonumber(guild.told_member_count) or redis.call('HLEN', guild.key .. ':members')
  return guild.count
end

function guilds.is_member(guild, user_id)
  return redis.call('HEXISTS', guild.key .. ':members', user_id) == 1
end

-- Stores a membership ('p' permanent or 't' temporary, followed by role ids) and moves a told count if it is new.
function guilds.put_member(guild, user_id, membership)
  local is_new = redis.call('HSET', guild.key .. ':members', user_id, membership)
  if is_new == 1 and guild.told_member_count ~= '' then
    redis.call('HINCRBY', guild.key, 'told_member_count', 1)
  end
  if membership:sub(1, 1) == 't' then
    redis.call('SADD', keys.temporary(user_id), guild.id)
  else
    redis.call('SREM', keys.temporary(user_id), guild.id)
  end
end

-- Lets in users who are no members, and moves a told count.
function guilds.add_members(guild, user_ids, is_temporary)
  local memberships = {}
  for at, user_id in ipairs(user_ids) do
    memberships[2 * at - 1] = user_id
    memberships[2 * at] = is_temporary and 't' or 'p'
    if is_temporary then
      redis.call('SADD', keys.temporary(user_id), guild.id)
    end
  end
  redis.call('HSET', guild.key .. ':members', unpack(memberships))
  if guild.told_member_count ~= '' then
    redis.call('HINCRBY', guild.key, 'told_member_count', #user_ids)
  end
end

-- To be called behind every change of the bans.
function guilds.note_bans(guild_key)
  local kinds = redis.call('EXISTS', guild_key .. ':bans') * guilds.USERS_BANNED
    + redis.call('EXISTS', guild_key .. ':ip-bans') * guilds.ADDRESSES_BANNED
  redis.call('HSET', guild_key, 'ban_kinds', kinds)
end

-- Ends the membership of someone who is a member, with its event.
function guilds.remove_member(guild, user_id, reason)
  redis.call('HDEL', guild.key .. ':members', user_id)
  redis.call('SREM', keys.temporary(user_id), guild.id)
  if guild.told_member_count ~= '' and tonumber(guild.told_member_count) > 0 then
    redis.call('HINCRBY', guild.key, 'told_member_count', -1)
  end
  local seq = journal.next()
  journal.mark(seq, 'member:' .. guild.id .. ':' .. user_id)
  journal.event(seq, 'MEMBER_REMOVE', guild.id, '', 'user_id', user_id, 'reason', reason)
end
