#!lua
-- Notes how far a reader who gave a name has got, and that he came.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  name
-- ARGV[2]  where he stands (lib/consumers.lua); '' where he stood; 'newest' for one who isn't known: with what comes
--          from now on; 'oldest' likewise: with the oldest that is kept
-- ARGV[3]  '1' if he may go back; '0': he stays where he is if that is further on
--
-- Replies: {'noted', position} · {'too_many'} consumers. Sent twice, the second changes nothing.

--! include gate
--! include clock
--! include keys
--! include consumers

local name, position, may_go_back = ARGV[1], ARGV[2], ARGV[3] == '1'

local known = consumers.position(name)
if position == '' or position == 'newest' or position == 'oldest' then
  if known then
    position = known
  elseif position == 'newest' then
    local newest = redis.call('XREVRANGE', keys.events, '+', '-', 'COUNT', 1)[1]
    position = newest and newest[1]
  else
    position = nil
  end
  position = position or redis.call('GET', keys.trimmed) or '0-0'
elseif known and not may_go_back and not consumers.is_further(position, known) then
  position = known
end
if not known and redis.call('HLEN', keys.consumers) >= consumers.MAX then
  return { 'too_many' }
end
consumers.note(name, position)
return { 'noted', position }
