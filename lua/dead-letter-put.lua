#!lua
-- Keeps an event that a webhook did not take, until it is replayed. Beyond the bound the oldest go.
--
-- KEYS[2]  invited:{p}:   any partition of the first journal
-- ARGV[1]  consumer: the name of the webhook
-- ARGV[2]  its URL as people may see it
-- ARGV[3]  event id
-- ARGV[4]  type of the event
-- ARGV[5]  guild id, '' for none
-- ARGV[6]  the event as JSON
-- ARGV[7]  how often it was sent
-- ARGV[8]  why it failed the last time
-- ARGV[9]  how many are kept at most, 1-1000000
--
-- Replies: {'put', how many of the oldest went} · {'known'}: this webhook's dead letters have the event already.
-- Sent twice, the second is 'known'. O(how many went).

--! include gate
--! include clock
--! include keys

local consumer, url, event_id, type = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local guild_id, json, attempts, reason, max = ARGV[5], ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9])
assert(max >= 1 and max <= 1000000, 'out of range')

local name = consumer .. ' ' .. event_id
if redis.call('HEXISTS', keys.dead_letter_ids, name) == 1 then
  return { 'known' }
end
-- More than one only where the bound was another before; the rest goes with the next.
local too_many = math.min(redis.call('XLEN', keys.dead_letters) - max + 1, 100)
local oldest = too_many > 0 and redis.call('XRANGE', keys.dead_letters, '-', '+', 'COUNT', too_many) or {}

for _, entry in ipairs(oldest) do
  local fields = entry[2]
  -- In the order in which they are written below.
  redis.call('HDEL', keys.dead_letter_ids, fields[2] .. ' ' .. fields[6])
  redis.call('XDEL', keys.dead_letters, entry[1])
end
local id = redis.call('XADD', keys.dead_letters, '*', 'consumer', consumer, 'url', url, 'event_id', event_id,
  'type', type, 'guild_id', guild_id, 'json', json, 'attempts', attempts, 'reason', reason, 'at', clock.now_ms)
redis.call('HSET', keys.dead_letter_ids, name, id)
return { 'put', #oldest }
