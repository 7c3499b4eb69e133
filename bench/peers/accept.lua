-- KEYS[1] invite:<code>   ARGV: code, user id, ban key of his address ('' unknown)
-- Replies {'accepted' | 'member', row} · {'unknown' | 'banned' | 'ip_banned' | 'guild_full'}

local code, user_id, ban_key = ARGV[1], ARGV[2], ARGV[3]

local row = find_invite(KEYS[1])
if not row then
  return { 'unknown' }
end
local guild_key = 'guild:' .. row[1]
local members_key = guild_key .. ':members'
if redis.call('HEXISTS', members_key, user_id) == 1 then
  return reply_with('member', row)
end
local bans = redis.call('HMGET', guild_key .. ':bans', user_id, ban_key)
if bans[1] then
  return { 'banned' }
elseif bans[2] then
  return { 'ip_banned' }
end
local guild = redis.call('HMGET', guild_key, 'max_members', 'json')
if redis.call('HLEN', members_key) >= tonumber(guild[1]) then
  return { 'guild_full' }
end

redis.call('HSET', members_key, user_id, code)
redis.call('HINCRBY', KEYS[1], 'uses', 1)
redis.call('XADD', 'joins', '*', 'code', code, 'guild_id', row[1], 'user_id', user_id)
return reply_with('accepted', row, guild[2])
