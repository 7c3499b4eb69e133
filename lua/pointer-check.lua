#!lua flags=no-writes
-- Tells whether a pointer's target still names the code.
--
-- KEYS[2]  invited:{p}:   p = partition of the target
-- ARGV[1]  code
-- ARGV[2]  target: id of the guild or group DM
--
-- Replies: {'leads'} · {'leads_nowhere'}

--! include gate
--! include invites

local code, target_id = ARGV[1], ARGV[2]

local kind, found = invites.find(code, target_id)
if kind == 'vanity' or (kind == 'invite' and (found.guild_id == target_id or found.channel_id == target_id)) then
  return { 'leads' }
end
return { 'leads_nowhere' }
