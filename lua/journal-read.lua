#!lua flags=no-writes
-- Reads on in a journal, for the copy: its entries, and, where these are all, the oldest marks of the same moment. So
-- what a mark stands for is never copied before the events that came before it.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  id of the last entry that is copied, '' for none
-- ARGV[2]  how many entries at most, 1-10000
-- ARGV[3]  how many marks at most, 1-100000
--
-- Replies: {'read', seq, id of the last entry that was trimmed away or '', at which seq marks were forgotten that
--   nobody had copied or '', 1 if there are no more entries, entries as XRANGE gives them, marks: entity, seq, entity,
--   seq …}

--! include gate
--! include keys

local after, entries_max, marks_max = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
assert(entries_max >= 1 and entries_max <= 10000 and marks_max >= 1 and marks_max <= 100000, 'out of range')

local entries = redis.call('XRANGE', keys.events, after == '' and '-' or '(' .. after, '+', 'COUNT', entries_max)
local is_all = #entries < entries_max
local marks = is_all and redis.call('ZRANGE', keys.dirty, 0, marks_max - 1, 'WITHSCORES') or {}
return { 'read', redis.call('GET', keys.seq) or '0', redis.call('GET', keys.trimmed) or '',
  redis.call('GET', keys.forgotten) or '', is_all and 1 or 0, entries, marks }
