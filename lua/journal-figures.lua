#!lua flags=no-writes
-- How much of a journal waits to be copied.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
--
-- Replies: {'figures', entries of the stream, marks, seq, id of the newest entry or ''}

--! include gate
--! include keys

local newest = redis.call('XREVRANGE', keys.events, '+', '-', 'COUNT', 1)[1]
return { 'figures', redis.call('XLEN', keys.events), redis.call('ZCARD', keys.dirty),
  redis.call('GET', keys.seq) or '0', newest and newest[1] or '' }
