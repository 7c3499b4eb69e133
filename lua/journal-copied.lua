#!lua
-- Notes what has been copied: takes marks away that have not been set anew since they were read, and entries that
-- nobody needs (lib/trimming.lua).
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  id of the last entry that is copied, '' for none
-- ARGV[2]  how long entries are kept for readers, in ms
-- ARGV[3]  how many entries are kept for readers at most, 1-100000000
-- ARGV[4]… entity, seq with which its mark was read, … in pairs
--
-- Replies: {'copied', how many marks are gone, 1 if entries went that a reader with a name hadn't got, else 0}
-- Sent twice, the second changes nothing but what has become too old.

--! include gate
--! include keys
--! include trimming

local copied_to, retention_ms, kept_max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
assert(retention_ms >= 0 and kept_max >= 1, 'out of range')

local cleared = 0
for at = 4, #ARGV, 2 do
  if redis.call('ZSCORE', keys.dirty, ARGV[at]) == ARGV[at + 1] then
    redis.call('ZREM', keys.dirty, ARGV[at])
    cleared = cleared + 1
  end
end
return { 'copied', cleared, copied_to == '' and 0 or trimming.trim(copied_to, retention_ms, kept_max) }
