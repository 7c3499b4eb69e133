-- KEYS[1] invite:<code>   KEYS[2] channel:<id>
-- ARGV: channel id, user id, max_age_s, max_uses, temporary (0 or 1)
-- Replies {'created', row} · {'unknown_channel' | 'missing_permissions' | 'taken'}

local channel_id, user_id, max_age_s, max_uses, temporary = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local guild_id = redis.call('HGET', KEYS[2], 'guild_id')
if not guild_id then
  return { 'unknown_channel' }
end
if redis.call('HGET', 'guild:' .. guild_id, 'owner_id') ~= user_id then
  return { 'missing_permissions' }
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  return { 'taken' }
end

local now = redis.call('TIME')
local created_at_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local expires_at_ms = ''
if max_age_s ~= '0' then
  expires_at_ms = string.format('%d', created_at_ms + max_age_s * 1000)
end
local row = { guild_id, channel_id, user_id, string.format('%d', created_at_ms), expires_at_ms, max_age_s, max_uses,
  '0', temporary, '1' }
redis.call('HSET', KEYS[1], 'guild_id', row[1], 'channel_id', row[2], 'inviter_id', row[3], 'created_at_ms', row[4],
  'expires_at_ms', row[5], 'max_age_s', row[6], 'max_uses', row[7], 'uses', row[8], 'temporary', row[9],
  'version', row[10])
if expires_at_ms ~= '' then
  redis.call('PEXPIREAT', KEYS[1], expires_at_ms)
end
return reply_with('created', row)
