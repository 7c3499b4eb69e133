#!lua
-- Claims a code for a guild (a vanity, or an imported code that lies in another partition than its guild): leaves a
-- pointer under the code. The pointer counts only once its target names the code; until then it is a claim,
-- which others may take over when its deadline has passed.
--
-- KEYS[2]  invited:{p}:   p = partition of the code
-- ARGV[1]  code
-- ARGV[2]  target: id of the guild or group DM
-- ARGV[3]  token of the claim to take over, which the caller knows to lead nowhere; '' for none
--
-- Replies: {'claimed', token, deadline ms} · {'reclaimed', token, deadline ms} (the target had it already)
--   · {'taken'} (by an invite) · {'held', target id, token} (by a pointer: ask its target; token '' while its claim may
--     still be under way, so that it can't be taken over)
-- An invite that has expired is ended here, with its event. Sent twice, the second replies reclaimed.

--! include gate
--! include room
--! include clock
--! include keys
--! include journal
--! include invites

local CLAIM_MS = 30000
-- The switch stops earlier than others may take over: the clocks of two primaries may differ.
local MARGIN_MS = 5000

local code, target_id, takeover_token = ARGV[1], ARGV[2], ARGV[3]

local record = invites.record(code)
local status = 'claimed'
if record and record.channel_id then
  if invites.is_live(record) then
    return { 'taken' }
  end
  invites.finish(record, 'expired', '')
elseif record and record.target_id == target_id then
  status = 'reclaimed'
elseif record and record.token ~= takeover_token then
  if clock.now_ms < record.claimed_at_ms + CLAIM_MS then
    return { 'held', record.target_id, '' }
  end
  return { 'held', record.target_id, record.token }
end

-- Tokens of one code grow, so that of two claims of one guild the later one can be told.
local token = journal.next()
invites.point(code, target_id, token, clock.now_ms)
return { status, token, clock.now_ms + CLAIM_MS - MARGIN_MS }
