#!lua
-- Takes a pointer away that leads nowhere any more. Only the claim that the caller means: a newer one stays.
--
-- KEYS[2]  invited:{p}:   p = partition of the code
-- ARGV[1]  code
-- ARGV[2]  target: id of the guild or group DM
-- ARGV[3]  token of the claim
--
-- Replies: {'released'} · {'kept'}. Sent twice, the second replies kept.

--! include gate
--! include room
--! include keys
--! include invites

local code, target_id, token = ARGV[1], ARGV[2], ARGV[3]

local record = invites.record(code)
if not record or record.target_id ~= target_id or record.token ~= token then
  return { 'kept' }
end
redis.call('DEL', keys.invite(code))
return { 'released' }
