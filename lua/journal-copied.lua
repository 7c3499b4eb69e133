#!lua
-- Notes what has been copied: takes marks away that have not been set anew since they were read, and entries that
-- nobody needs.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  id of the last entry to trim away, '' for none
-- ARGV[2]  the id behind it: the first to stay
-- ARGV[3]… entity, seq with which its mark was read, … in pairs
--
-- Replies: {'copied', how many marks are gone}. Sent twice, the second changes nothing.

--! include gate
--! include keys
--! include stream-ids

local trimmed_to, first = ARGV[1], ARGV[2]

local cleared = 0
for at = 3, #ARGV, 2 do
  if redis.call('ZSCORE', keys.dirty, ARGV[at]) == ARGV[at + 1] then
    redis.call('ZREM', keys.dirty, ARGV[at])
    cleared = cleared + 1
  end
end
if trimmed_to ~= '' then
  redis.call('XTRIM', keys.events, 'MINID', first)
  -- One that lost its lease may come late, and know of less.
  if stream_ids.is_later(trimmed_to, redis.call('GET', keys.trimmed) or '0-0') then
    redis.call('SET', keys.trimmed, trimmed_to)
  end
end
return { 'copied', cleared }
