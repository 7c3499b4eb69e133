#!lua
-- Takes dead letters away that were delivered after all.
--
-- KEYS[2]  invited:{p}:   any partition of the first journal
-- ARGV[1]… ids of their entries, 1-1000
--
-- Replies: {'removed', how many were there}. Sent twice, the second changes nothing. O(entries).

--! include gate
--! include keys

assert(#ARGV >= 1 and #ARGV <= 1000, 'out of range')

local found = {}
for at = 1, #ARGV do
  found[#found + 1] = redis.call('XRANGE', keys.dead_letters, ARGV[at], ARGV[at])[1]
end
for _, entry in ipairs(found) do
  local fields = entry[2]
  -- In the order in which dead-letter-put.lua writes them: consumer, url, event_id …
  redis.call('HDEL', keys.dead_letter_ids, fields[2] .. ' ' .. fields[6])
  redis.call('XDEL', keys.dead_letters, entry[1])
end
return { 'removed', #found }
