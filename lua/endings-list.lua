#!lua flags=no-writes
-- Names what was deleted and has invites that are still to be ended.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  how many at most, 1-1000
--
-- Replies: {'listed', '<p> <entity>', …}, any of them

--! include gate
--! include keys

local limit = tonumber(ARGV[1])
assert(limit >= 1 and limit <= 1000, 'out of range')

local fields = {}
local pairs_of_fields = redis.call('HSCAN', keys.endings, 0, 'COUNT', limit)[2]
for at = 1, math.min(#pairs_of_fields, 2 * limit), 2 do
  fields[#fields + 1] = pairs_of_fields[at]
end
return { 'listed', unpack(fields) }
