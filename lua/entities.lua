#!lua flags=no-writes
-- Reads what marks stand for, as it is now.
--
-- KEYS[2…] invited:{p}:   each partition of the entities, all of one journal
-- ARGV     two for each entity: which of KEYS · the entity as it is marked (README.md, Keys), or 'invite:<code>'
--
-- Replies: {'read', seq of the journal, one for each entity}: '' where it is gone, else a guild's and a group DM's
--   {packed record or owner id, JSON of the record, recipients of a group DM …}, of the others the stored value; {''}
--   where a key is of another type than it should be.

--! include gate
--! include keys

local guild_part = { ['channel'] = ':channel-records', ['member'] = ':members', ['bans'] = ':bans',
  ['ip-bans'] = ':ip-bans' }

local function read(entity)
  local kind, id, rest = entity:match('^([%a-]+):([^:]+):?(.*)$')
  local part = guild_part[kind]
  if part then
    -- What a deleted guild left behind counts for nothing.
    local guild_key = keys.guild(id)
    return redis.call('EXISTS', guild_key) == 1 and redis.call('HGET', guild_key .. part, rest) or ''
  end
  if kind == 'guild' then
    local text = redis.call('GET', keys.guild(id))
    return text and { text, redis.call('GET', keys.guild(id) .. ':record') } or ''
  end
  if kind == 'user' then
    return redis.call('GET', keys.user(id)) or ''
  end
  if kind == 'invite' then
    return redis.call('GET', keys.invite(id)) or ''
  end
  local values = redis.call('HMGET', keys.group_dm(id), 'owner_id', 'record')
  if not values[1] then
    return ''
  end
  return { values[1], values[2], unpack(redis.call('ZRANGE', keys.group_dm(id) .. ':recipients', 0, -1)) }
end

local reply = { 'read', redis.call('GET', keys.seq) or '0' }
for at = 1, #ARGV, 2 do
  keys.enter(KEYS[tonumber(ARGV[at])])
  local is_sound, value = pcall(read, ARGV[at + 1])
  reply[#reply + 1] = is_sound and value or { '' }
end
return reply
