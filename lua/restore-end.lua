#!lua
-- Ends the restore of a journal. New entries of its stream come behind those that Postgres has, even if the clock of
-- this Redis lags: what stands before them would never be copied.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  id of the last entry that Postgres has, '' for none
-- ARGV[2]  holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'ended'}. Sent twice, the second changes nothing.

--! include closed
--! include keys
--! include stream-ids

local last_id = ARGV[1]

local function last_of_stream()
  local about = redis.call('XINFO', 'STREAM', keys.events)
  for at = 1, #about, 2 do
    if about[at] == 'last-generated-id' then
      return about[at + 1]
    end
  end
end

if last_id ~= '' and stream_ids.is_later(last_id, '0-0') then
  if redis.call('EXISTS', keys.events) == 0 then
    -- Only an entry makes a stream.
    redis.call('XADD', keys.events, last_id, 'type', 'RESTORED')
    redis.call('XDEL', keys.events, last_id)
  elseif stream_ids.is_later(last_id, last_of_stream()) then
    redis.call('XSETID', keys.events, last_id)
  end
end
-- What is marked is newer here than in Postgres, whose seqs may be those of other data, and larger: only a mark that is
-- larger still is copied.
local marks = redis.call('ZRANGE', keys.dirty, 0, -1)
for _, entity in ipairs(marks) do
  redis.call('ZADD', keys.dirty, 'XX', redis.call('INCR', keys.seq), entity)
end
redis.call('DEL', keys.newer)
return { 'ended' }
