#!lua flags=no-writes
-- Reads invites, and whether those who ask may see their metadata. Requests for one code come as one group.
--
-- KEYS[1]  invited:{j}:epoch   j = the journal's
-- KEYS[2…] invited:{p}:        each partition of the batch; p = that of the code, or of the guild that a pointer named
-- ARGV     six for each group, then the epoch (lib/gate.lua):
--   1      which of KEYS
--   2      code
--   3      the guild that a pointer named, '' at the first look-up
--   4      the revision that the caller knows, '' for none
--   5      who asks, with spaces between them, each as `<user id>:<1 for a service, else 0>:<claimed permission bits>`;
--          id and bits may be empty, and ':0:' is nobody
--   6      '1' if somebody wants to know how many members there are
--
-- Replies: {'closed'} · for each group
--   'unknown' · {'pointer', target id}
--   for each who asks a 1 or 0, may see the metadata: alone where nobody may, none wants the counts, and the caller
--   knows this revision, else {those digits, the fields of the row as in lib/invites.lua}

--! include gate
--! include keys
--! include guilds
--! include group-dms
--! include invites
--! include permissions
--! include rights
--! include batch

local ARGUMENTS = 6
assert(#ARGV > 0 and #ARGV % ARGUMENTS == 0, 'groups of six')

local NOBODY = ':0:'

-- One digit for each who asks: may(caller).
local function judged(callers, may, ...)
  if callers == NOBODY then
    return '0'
  end
  local digits = {}
  for user_id, is_service, claimed in callers:gmatch('(%d*):(%d):(%d*)') do
    digits[#digits + 1] = may(permissions.caller(user_id, is_service, claimed), ...) and '1' or '0'
  end
  return table.concat(digits)
end

local function may_manage(caller, guild)
  return permissions.in_guild(guild, caller, permissions.MANAGE_GUILD)
end

local function may_revoke(caller, place, invite)
  return rights.may_revoke(invite, place, caller)
end

local function reply_to(code, followed, known_revision, callers, wants_counts)
  local kind, found = invites.find(code, followed)
  if kind == 'pointer' then
    return { 'pointer', found }
  end
  local is_vanity = kind == 'vanity'
  local invite = is_vanity and invites.of_vanity(found) or found
  local place = is_vanity and found or kind and invites.place(found)
  if not place then
    return 'unknown'
  end
  local may_see = judged(callers, is_vanity and may_manage or may_revoke, place, invite)
  if not wants_counts and known_revision ~= '' and known_revision == invites.revision(invite, place)
    and not may_see:find('1', 1, true) then
    return may_see
  end
  return { may_see, unpack(invites.row(invite, place, known_revision)) }
end

batch.read_ahead(KEYS, ARGV, ARGUMENTS)

local replies = {}
for at = 1, #ARGV, ARGUMENTS do
  keys.enter(KEYS[tonumber(ARGV[at])])
  replies[#replies + 1] = reply_to(ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5] == '1')
end
return replies
