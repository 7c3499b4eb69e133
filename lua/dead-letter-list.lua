#!lua flags=no-writes
-- Lists the events that webhooks did not take, oldest first, a page at a time.
--
-- KEYS[2]  invited:{p}:   any partition of the first journal
-- ARGV[1]  id of the last entry of the page before, '' for the first page
-- ARGV[2]  how many at most, 0-1000; 0: only how many there are
--
-- Replies: {'listed', how many there are in all, entries as XRANGE gives them}. O(entries of the page).

--! include gate
--! include keys

local after, limit = ARGV[1], tonumber(ARGV[2])
assert(limit >= 0 and limit <= 1000, 'out of range')

local entries = {}
if limit > 0 then
  entries = redis.call('XRANGE', keys.dead_letters, after == '' and '-' or '(' .. after, '+', 'COUNT', limit)
end
return { 'listed', redis.call('XLEN', keys.dead_letters), entries }
