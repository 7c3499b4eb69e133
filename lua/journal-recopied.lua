#!lua
-- Notes that everything has been copied, also that whose marks were forgotten.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  what journal-read.lua said had been forgotten when the copy began
--
-- Replies: {'noted'} · {'forgotten'} (more was meanwhile). Sent twice, the second changes nothing.

--! include gate
--! include keys

if (redis.call('GET', keys.forgotten) or ARGV[1]) ~= ARGV[1] then
  return { 'forgotten' }
end
redis.call('DEL', keys.forgotten)
return { 'noted' }
