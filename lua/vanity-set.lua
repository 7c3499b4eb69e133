#!lua
-- Switches a guild to a vanity code that was claimed for it, or removes its vanity. The moment this script runs is
-- the moment the old code ends and the new one begins: a pointer counts only while its guild names the code.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  caller: user id
-- ARGV[3]  caller: '1' for a service
-- ARGV[4]  caller: claimed permission bits, '' if none were claimed
-- ARGV[5]  new code, '' to remove it
-- ARGV[6]  token of the claim, a growing number; '' with a removal
-- ARGV[7]  deadline of the claim, ms since the epoch; '0' with a removal
-- ARGV[8]  versions that the vanity may have, see lib/versions.lua
--
-- Replies: {'unknown_guild'} · {'missing_permissions'} · {'version_mismatch'} · {'requires_feature'} · {'taken'}
--   · {'claim_expired'} · {'unchanged', code or '', uses, version} · {'changed', old code or '', old token, version}
-- Writes VANITY_UPDATE. Sent twice, the second replies unchanged, or finds another version than it insists on.

--! include gate
--! include room
--! include clock
--! include journal
--! include vanities
--! include permissions

local guild_id, code, token, deadline_ms = ARGV[1], ARGV[5], ARGV[6], tonumber(ARGV[7])
local wanted = ARGV[8]
local caller = permissions.caller(ARGV[2], ARGV[3], ARGV[4])

local status, guild = vanities.judge(guild_id, caller, code, wanted)
-- A second claim of this guild for the same code gave the pointer a new token, also where the vanity has another
-- version by now; the two may come here in any order.
local is_its_own = guild and code ~= '' and guild.vanity_code == code
if is_its_own and tonumber(token) > tonumber(guild.vanity_token) then
  guild.vanity_token = token
  guilds.write(guild)
end
if status == 'unchanged' then
  return { status, vanities.fields(guild) }
end
if status ~= 'may_change' then
  return { status }
end
-- Past its deadline a claim may be taken over: a late switch must not make two owners.
if code ~= '' and clock.now_ms >= deadline_ms then
  return { 'claim_expired' }
end

local seq = journal.next()
local old_code, old_token = guild.vanity_code, guild.vanity_token
guild.vanity_version = guild.vanity_version + 1
guild.vanity_code, guild.vanity_token = code, token
if code == '' then
  guild.vanity_uses, guild.vanity_created_at_ms = nil, ''
else
  guild.vanity_uses, guild.vanity_created_at_ms = 0, clock.now_ms
end
guilds.write(guild)
journal.mark(seq, 'guild:' .. guild_id)
journal.event(seq, 'VANITY_UPDATE', guild_id, '', 'old_code', old_code, 'new_code', code)
return { 'changed', old_code, old_token, guild.vanity_version }
