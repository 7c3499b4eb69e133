-- Guild records and memberships: reading them, counting them, ending a membership.

--! include keys
--! include journal

local guilds = {
  -- Bits of the guild field `flags`.
  INVITES_DISABLED = 1,
  VANITY_URL = 2,
}

local GUILD_FIELDS = {
  'owner_id', 'flags', 'max_members', 'told_member_count', 'presence_count', 'revision', 'landing_channel_id',
  'vanity_code', 'vanity_uses', 'vanity_created_at_ms', 'vanity_version', 'vanity_token',
}

-- The fields that decisions and answers need, or nil for an unknown guild.
function guilds.read(guild_id)
  local values = redis.call('HMGET', keys.guild(guild_id), unpack(GUILD_FIELDS))
  if not values[1] then
    return nil
  end
  local guild = { id = guild_id, key = keys.guild(guild_id) }
  for at, field in ipairs(GUILD_FIELDS) do
    guild[field] = values[at] or ''
  end
  guild.flags = tonumber(guild.flags)
  guild.max_members = tonumber(guild.max_members)
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
