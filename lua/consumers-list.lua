#!lua
-- Lists the readers who gave a name.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
--
-- Replies: {'listed', name, position, when he came last in ms, …}

--! include gate
--! include keys
--! include consumers

local reply = { 'listed' }
consumers.each(function(name, position, seen_at_ms)
  reply[#reply + 1] = name
  reply[#reply + 1] = position
  reply[#reply + 1] = seen_at_ms
end)
return reply
