#!lua
-- Where there is no copy: takes all marks away, and entries that nobody needs (lib/trimming.lua). That marks went which
-- nobody has copied is noted, for a copy that may come later.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  how long entries are kept for readers, in ms
-- ARGV[2]  how many entries are kept for readers at most, 1-100000000
--
-- Replies: {'forgotten', 1 if entries went that a reader with a name hadn't got, else 0}

--! include gate
--! include keys
--! include trimming

local retention_ms, kept_max = tonumber(ARGV[1]), tonumber(ARGV[2])
assert(retention_ms >= 0 and kept_max >= 1, 'out of range')

if redis.call('EXISTS', keys.dirty) == 1 then
  redis.call('UNLINK', keys.dirty)
  redis.call('SET', keys.forgotten, redis.call('GET', keys.seq))
end
local newest = redis.call('XREVRANGE', keys.events, '+', '-', 'COUNT', 1)[1]
return { 'forgotten', newest and trimming.trim(newest[1], retention_ms, kept_max) or 0 }
