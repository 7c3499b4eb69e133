#!lua
-- Changes settings of an invite: those that are told, the others stay as they are.
--
-- KEYS[2]  invited:{p}:   p = partition of the code, or of the guild that a pointer named
-- ARGV[1]  code
-- ARGV[2]  the guild that a pointer named, '' at the first look-up
-- ARGV[3]  caller: user id
-- ARGV[4]  caller: '1' for a service
-- ARGV[5]  caller: claimed permission bits, '' if none were claimed
-- ARGV[6]  versions that it may have, see lib/versions.lua
-- ARGV[7]  max_age in seconds from created_at, 0-604800, 0 = never; in this and the next three '' = as it is
-- ARGV[8]  max_uses, 0-100, 0 = no cap
-- ARGV[9]  '1' for temporary membership, '0' for lasting
-- ARGV[10] '1' paused, '0' not
--
-- Replies: {'unknown'} (a vanity too: it has none of these settings) · {'pointer', target id} · {'missing_permissions'}
--   · {'version_mismatch'} · {'already_over', 1 if that age has passed, else 0, 1 if that cap is reached, else 0}
--   · {'unchanged', row} · {'edited', row}
-- Writes INVITE_UPDATE. Sent twice, the second finds nothing to change, or another version than it insists on.

--! include gate
--! include room
--! include clock
--! include packed
--! include invites
--! include permissions
--! include rights
--! include versions

local code, followed, wanted = ARGV[1], ARGV[2], ARGV[6]
local caller = permissions.caller(ARGV[3], ARGV[4], ARGV[5])
local max_age_s, max_uses = tonumber(ARGV[7]), tonumber(ARGV[8])
assert(not max_age_s or (max_age_s >= 0 and max_age_s <= 604800), 'out of range')
assert(not max_uses or (max_uses >= 0 and max_uses <= 100), 'out of range')

local kind, invite = invites.find(code, followed)
if kind == 'pointer' then
  return { 'pointer', invite }
end
local place = kind == 'invite' and invites.place(invite)
if not place then
  return { 'unknown' }
end
if not rights.may_revoke(invite, place, caller) then
  return { 'missing_permissions' }
end
invites.read_details(invite)
if not versions.suit(wanted, invite.version) then
  return { 'version_mismatch' }
end

local has_changed = false

local function change(field, value)
  if value ~= invite[field] then
    invite[field], has_changed = value, true
  end
end

local function change_flag(flag, wish)
  if wish ~= '' and invites.has(invite, flag) ~= (wish == '1') then
    change('flags', bit.bxor(invite.flags, flag))
  end
end

local former_expiry = invite.expires_at_ms
if max_age_s then
  change('max_age_s', packed.whole(max_age_s))
  invite.expires_at_ms = max_age_s > 0 and tonumber(invite.created_at_ms) + max_age_s * 1000 or ''
end
if max_uses then
  change('max_uses', max_uses)
end
change_flag(invites.TEMPORARY, ARGV[9])
change_flag(invites.PAUSED, ARGV[10])

local is_past = not invites.is_live(invite)
local is_reached = invite.max_uses > 0 and invite.uses >= invite.max_uses
if is_past or is_reached then
  return { 'already_over', is_past and 1 or 0, is_reached and 1 or 0 }
end
if not has_changed then
  return { 'unchanged', invites.row(invite, place, '') }
end

if former_expiry ~= '' and invite.expires_at_ms == '' then
  invites.forget_expiry(invite)
end
invite.version = packed.whole(tonumber(invite.version) + 1)
invites.store(invite)
invites.announce('INVITE_UPDATE', invite, place)
return { 'edited', invites.row(invite, place, '') }
