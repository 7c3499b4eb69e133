#!lua
-- Forgets a reader who gave a name: nothing is kept for him any more.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  name
--
-- Replies: {'forgotten'} · {'unknown_consumer'}

--! include gate
--! include keys

if redis.call('HDEL', keys.consumers, ARGV[1]) == 0 then
  return { 'unknown_consumer' }
end
return { 'forgotten' }
