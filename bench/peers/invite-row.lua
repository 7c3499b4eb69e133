-- Put in front of each script: an invite as they read and reply it.
--
--   invite:<code>            hash: the fields below; its TTL ends with the invite
--   guild:<id>               hash: owner_id, max_members, json
--   guild:<id>:members       hash: user → code he came by
--   guild:<id>:bans          hash: user id, IPv4 address or prefix::/64 → 1
--   channel:<id>             hash: guild_id, json
--   user:<id>                hash: json
--   joins                    stream: code, guild_id, user_id

-- The invite's ten fields, or nil where it is unknown, expired or used up.
local function find_invite(key)
  local row = redis.call('HMGET', key, 'guild_id', 'channel_id', 'inviter_id', 'created_at_ms', 'expires_at_ms',
    'max_age_s', 'max_uses', 'uses', 'temporary', 'version')
  if not row[1] then
    return nil
  end
  local max_uses = tonumber(row[7])
  if max_uses > 0 and tonumber(row[8]) >= max_uses then
    return nil
  end
  if row[5] ~= '' then
    local now = redis.call('TIME')
    if now[1] * 1000 + math.floor(now[2] / 1000) >= tonumber(row[5]) then
      return nil
    end
  end
  return row
end

-- A reply: a status, the ten fields, and the JSON of guild, channel and inviter.
local function reply_with(status, row, guild_json)
  return { status, row[1], row[2], row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10],
    guild_json or redis.call('HGET', 'guild:' .. row[1], 'json'),
    redis.call('HGET', 'channel:' .. row[2], 'json'),
    redis.call('HGET', 'user:' .. row[3], 'json') }
end
