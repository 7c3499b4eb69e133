#!lua
-- How far behind the readers are who gave a name.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
--
-- Replies: {'behind', name, age in ms of the oldest entry of which he does not have all events, 0 if he has all, …}
-- O(readers · log entries).

--! include gate
--! include clock
--! include keys
--! include consumers
--! include stream-ids

local reply = { 'behind' }
consumers.each(function(name, position)
  -- Of an entry that he has in part he does not have all.
  local from = position:match('^%d+-%d+$') and '(' .. position or position:match('^%d+-%d+') or '-'
  local next_entry = redis.call('XRANGE', keys.events, from, '+', 'COUNT', 1)[1]
  reply[#reply + 1] = name
  reply[#reply + 1] = next_entry and math.max(0, clock.now_ms - stream_ids.parts(next_entry[1])) or 0
end)
return reply
