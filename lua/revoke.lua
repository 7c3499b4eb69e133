#!lua
-- Revokes an invite.
--
-- KEYS[2]  invited:{p}:   p = partition of the code, or of the guild that a pointer named
-- ARGV[1]  code
-- ARGV[2]  the guild that a pointer named, '' at the first look-up
-- ARGV[3]  caller: user id
-- ARGV[4]  caller: '1' for a service
-- ARGV[5]  caller: claimed permission bits, '' if none were claimed
-- ARGV[6]  versions that it may have, see lib/versions.lua
--
-- Replies: {'unknown'} (a vanity too: it is removed from its guild, not revoked) · {'pointer', target id}
--   · {'missing_permissions'} · {'version_mismatch'} · {'revoked'}
-- Writes INVITE_DELETE (revoked). Sent twice, the second finds nothing.

--! include gate
--! include room
--! include guilds
--! include group-dms
--! include invites
--! include permissions
--! include rights
--! include versions

local code, followed, wanted = ARGV[1], ARGV[2], ARGV[6]
local caller = permissions.caller(ARGV[3], ARGV[4], ARGV[5])

local kind, found = invites.find(code, followed)
if kind == 'pointer' then
  return { 'pointer', found }
end
local place = kind == 'invite' and invites.place(found)
if not place then
  return { 'unknown' }
end
if not rights.may_revoke(found, place, caller) then
  return { 'missing_permissions' }
end
if not versions.suit(wanted, invites.read_details(found).version) then
  return { 'version_mismatch' }
end
invites.finish(found, 'revoked', caller.user_id)
return { 'revoked' }
