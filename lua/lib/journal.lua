-- What every change leaves behind in the same atomic step: a growing seq, and either an event, which also says all
-- that the copy in Postgres must know of invites, joins and ended memberships; or a mark of what changed in the
-- directory. Events carry raw fields; whoever reads them gives them their JSON form.

--! include clock
--! include keys
--! include trace

local journal = {}

-- The next seq of the journal.
function journal.next()
  return redis.call('INCR', keys.seq)
end

-- Marks an entity of the directory, such as 'channel:<guild>:<id>', as changed at seq. A mark whose entity is gone
-- means: deleted.
function journal.mark(seq, entity)
  redis.call('ZADD', keys.dirty, seq, entity)
end

-- Writes one event. guild_id and channel_id are '' where there is none; the rest are field, value pairs.
function journal.event(seq, type, guild_id, channel_id, ...)
  if trace.of_call then
    redis.call('XADD', keys.events, '*', 'type', type, 'seq', seq, 'at', clock.now_ms,
      'guild_id', guild_id, 'channel_id', channel_id, 'trace', trace.of_call, ...)
  else
    redis.call('XADD', keys.events, '*', 'type', type, 'seq', seq, 'at', clock.now_ms,
      'guild_id', guild_id, 'channel_id', channel_id, ...)
  end
end

-- Writes one entry for many joins, each an event INVITE_ACCEPT of its own with a seq of its own (README.md, Events).
-- `traces` is nil where none is part of a trace. Returns the seq of the last.
function journal.joins(lines, count, traces)
  local last_seq = redis.call('INCRBY', keys.seq, count)
  local seq, joins = last_seq - count + 1, table.concat(lines, '\n')
  if traces then
    redis.call('XADD', keys.events, '*', 'type', 'INVITE_ACCEPT', 'seq', seq, 'at', clock.now_ms,
      'traces', traces, 'joins', joins)
  else
    redis.call('XADD', keys.events, '*', 'type', 'INVITE_ACCEPT', 'seq', seq, 'at', clock.now_ms, 'joins', joins)
  end
  return last_seq
end
