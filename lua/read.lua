#!lua flags=no-writes
-- Reads an invite, and whether the caller may see its metadata.
--
-- KEYS[1]  invited:{p}:seq   p = partition of the code, or of the guild that a pointer named
-- ARGV[1]  code
-- ARGV[2]  the guild that a pointer named, '' at the first look-up
-- ARGV[3]  caller: user id, '' for nobody
-- ARGV[4]  caller: '1' for a service
-- ARGV[5]  caller: claimed permission bits, '' if none were claimed
--
-- Replies: {'unknown'} · {'pointer', target id} · {'found', row, 1 if the caller may see the metadata else 0}

--! include guilds
--! include group-dms
--! include invites
--! include permissions
--! include rights

local code, followed = ARGV[1], ARGV[2]
local caller = permissions.caller(ARGV[3], ARGV[4], ARGV[5])

local kind, found = invites.find(code, followed)
if not kind then
  return { 'unknown' }
end
if kind == 'pointer' then
  return { 'pointer', found }
end
if kind == 'vanity' then
  local may_see = permissions.in_guild(found, caller, permissions.MANAGE_GUILD)
  return { 'found', invites.row(invites.of_vanity(found), found), may_see and 1 or 0 }
end
local place = invites.place(found)
if not place then
  return { 'unknown' }
end
return { 'found', invites.row(found, place), rights.may_revoke(found, place, caller) and 1 or 0 }
