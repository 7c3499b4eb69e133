#!lua
-- Takes or prolongs a lease on the work of a journal. Asked also while the journal is closed: somebody has to restore
-- it.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  what work: 'writer', 'sweeper', 'restore', 'webhooks'
-- ARGV[2]  holder: a name of its own for each process
-- ARGV[3]  for how long, ms; 0 to give it back
--
-- Replies: {'held'} · {'released'} · {'taken'} (by another)

--! include keys

local key, holder, ttl_ms = keys.lease(ARGV[1]), ARGV[2], tonumber(ARGV[3])

local current = redis.call('GET', key)
if current and current ~= holder then
  return { 'taken' }
end
if ttl_ms == 0 then
  redis.call('DEL', key)
  return { 'released' }
end
redis.call('SET', key, holder, 'PX', ttl_ms)
return { 'held' }
