#!lua
-- Keeps what a jobs process counts, for whoever is asked for it: the HTTP workers. Told also while the journals are
-- closed.
--
-- KEYS[2]  invited:{p}:   any partition of the first journal
-- ARGV[1]  holder: a name of its own for each process
-- ARGV[2]  what it counts: JSON; '' takes it away
-- ARGV[3]  for how long it counts, ms
--
-- Replies: {'told'}. O(processes).

--! include clock
--! include keys

local holder, text, ttl_ms = ARGV[1], ARGV[2], tonumber(ARGV[3])
assert(ttl_ms > 0, 'out of range')

-- Of a process that was killed nobody else takes them away.
local told = redis.call('HGETALL', keys.figures)
for at = 1, #told, 2 do
  if tonumber(told[at + 1]:match('^%d+')) <= clock.now_ms then
    redis.call('HDEL', keys.figures, told[at])
  end
end
if text == '' then
  redis.call('HDEL', keys.figures, holder)
else
  redis.call('HSET', keys.figures, holder, string.format('%.0f', clock.now_ms + ttl_ms) .. ' ' .. text)
  redis.call('PEXPIRE', keys.figures, ttl_ms)
end
return { 'told' }
