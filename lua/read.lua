#!lua flags=no-writes
-- Reads invites, and whether those who ask may see their metadata. Requests for one code come as one group.
--
-- KEYS     invited:{p}:seq   each partition of the batch; p = that of the code, or of the guild that a pointer named
-- ARGV     five for each group:
--   1      which of KEYS
--   2      code
--   3      the guild that a pointer named, '' at the first look-up
--   4      the revision that the caller knows, '' for none
--   5      who asks, with spaces between them, each as `<user id>:<1 for a service, else 0>:<claimed permission bits>`;
--          id and bits may be empty, and ':0:' is nobody
--
-- Replies: for each group {'unknown'} · {'pointer', target id} · {'found', for each who asks a 1 or 0: may see the
-- metadata, the fields of the row as in lib/invites.lua}

--! include keys
--! include guilds
--! include group-dms
--! include invites
--! include permissions
--! include rights
--! include batch

local ARGUMENTS = 5
assert(#ARGV > 0 and #ARGV % ARGUMENTS == 0, 'groups of five')

local NOBODY = ':0:'

-- One digit for each who asks: may(caller).
local function judged(callers, may)
  if callers == NOBODY then
    return '0'
  end
  local digits = {}
  for user_id, is_service, claimed in callers:gmatch('(%d*):(%d):(%d*)') do
    digits[#digits + 1] = may(permissions.caller(user_id, is_service, claimed)) and '1' or '0'
  end
  return table.concat(digits)
end

local function reply_to(code, followed, known_revision, callers)
  local kind, found = invites.find(code, followed)
  if not kind then
    return { 'unknown' }
  end
  if kind == 'pointer' then
    return { 'pointer', found }
  end
  if kind == 'vanity' then
    local may_see = judged(callers, function(caller)
      return permissions.in_guild(found, caller, permissions.MANAGE_GUILD)
    end)
    return { 'found', may_see, unpack(invites.row(invites.of_vanity(found), found, known_revision)) }
  end
  local place = invites.place(found)
  if not place then
    return { 'unknown' }
  end
  local may_see = judged(callers, function(caller)
    return rights.may_revoke(found, place, caller)
  end)
  return { 'found', may_see, unpack(invites.row(found, place, known_revision)) }
end

local replies = {}
for at = 1, #ARGV, ARGUMENTS do
  keys.enter(KEYS[tonumber(ARGV[at])])
  replies[#replies + 1] = reply_to(ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
end
return replies
