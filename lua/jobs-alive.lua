#!lua
-- Tells how many jobs processes share the work, this one included. Asked also while the journals are closed.
--
-- KEYS[2]  invited:{p}:   any partition of the first journal
-- ARGV[1]  holder: a name of its own for each process
-- ARGV[2]  for how long it counts, ms; 0: no more
--
-- Replies: {'alive', how many}

--! include clock
--! include keys

local holder, ttl_ms = ARGV[1], tonumber(ARGV[2])

redis.call('ZREMRANGEBYSCORE', keys.jobs, '-inf', clock.now_ms)
if ttl_ms == 0 then
  redis.call('ZREM', keys.jobs, holder)
else
  redis.call('ZADD', keys.jobs, clock.now_ms + ttl_ms, holder)
end
return { 'alive', redis.call('ZCARD', keys.jobs) }
