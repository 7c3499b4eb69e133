#!lua
-- Takes invites away that have ended. No event tells of it: those who listen have heard.
--
-- KEYS[2…] invited:{p}:   p = partitions of the guilds and group DMs
-- ARGV     for each invite: which of KEYS · code · created_at in ms, which tells it from another one of its code
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each invite (lib/restoring.lua): w (it is
--   gone) k (it is newer here, or is another one)}. Sent twice, the second changes nothing.

--! include closed
--! include restoring
--! include keys
--! include invites

return restoring.rows(KEYS, ARGV, 3, function(at)
  local code, created_at_ms = ARGV[at], ARGV[at + 1]
  local invite = invites.record(code)
  if not invite or invite.target_id or invites.read_details(invite).created_at_ms ~= created_at_ms
    or restoring.is_newer('invite:' .. code) then
    return restoring.KEPT
  end
  invites.forget(invite)
  return restoring.WRITTEN
end)
