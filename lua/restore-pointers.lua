#!lua
-- Puts pointers back, from codes to the guilds or group DMs that have them. A code that somebody else has stays his.
--
-- KEYS[2…] invited:{p}:   p = partitions of the codes
-- ARGV     for each code: which of KEYS · code · target id · token · claimed_at in ms
--          · token of the pointer to take it over from, which the caller knows to lead nowhere, '' for none
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each code (lib/restoring.lua): w t, or 'h':
--   a pointer has it; target id and token for each 'h' …}. Sent twice, the second changes nothing.

--! include closed
--! include restoring
--! include clock
--! include keys
--! include invites

local reply, held = { 'restored', '' }, {}

local restored = restoring.rows(KEYS, ARGV, 6, function(at)
  local code, target_id, token, claimed_at_ms = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local takeover_token = ARGV[at + 4]
  local record = invites.record(code)
  if record and record.channel_id then
    if invites.is_live(record) then
      return restoring.TAKEN
    end
    invites.forget(record)
  elseif record and record.target_id == target_id then
    -- Of two claims of one guild the later one counts.
    if tonumber(record.token) >= tonumber(token) then
      return restoring.WRITTEN
    end
  elseif record and record.token ~= takeover_token then
    held[#held + 1], held[#held + 2] = record.target_id, record.token
    return 'h'
  end
  invites.point(code, target_id, token, claimed_at_ms)
  return restoring.WRITTEN
end)

reply[2] = restored[2]
for _, field in ipairs(held) do
  reply[#reply + 1] = field
end
return reply
