#!lua
-- Creates an invite to a channel of a guild or to a group DM, or finds the caller's own like it.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild or group DM
-- ARGV[1]  code to give it (drawn at random in this partition)
-- ARGV[2]  guild id, '' for a group DM
-- ARGV[3]  channel id
-- ARGV[4]  caller: user id, the inviter
-- ARGV[5]  caller: '1' for a service
-- ARGV[6]  caller: claimed permission bits, '' if none were claimed
-- ARGV[7]  max_age in seconds, 0-604800, 0 = never
-- ARGV[8]  max_uses, 0-100, 0 = no cap
-- ARGV[9]  '1' for temporary membership
-- ARGV[10] '1' for a new invite in any case, '0' to take the caller's own live one with the same settings
-- ARGV[11] how many live invites the guild or group DM may have
-- ARGV[12] digest of caller, route and Idempotency-Key, '' for a request without one
-- ARGV[13] digest of the request's body; counts only with ARGV[12]
--
-- Replies: {'key_reused'} · {'replayed', answer} · {'replayed_row', row} (lib/idempotency.lua)
--   · {'unknown_channel'} · {'missing_permissions'} · {'invalid_channel_type'} · {'reused', row}
--   · {'max_invites'} · {'code_taken'} (draw another) · {'created', row}
-- Writes INVITE_CREATE. O(invites of the guild) with ARGV[10] = '0', else O(log).
-- Sent twice with one code, the second replies {'code_taken'}: the caller must not resend it as a new request, unless
-- it has an Idempotency-Key: then the second replies what the first did.

--! include gate
--! include room
--! include clock
--! include keys
--! include group-dms
--! include idempotency
--! include invites
--! include permissions

local code, guild_id, channel_id = ARGV[1], ARGV[2], ARGV[3]
local caller = permissions.caller(ARGV[4], ARGV[5], ARGV[6])
local max_age_s, max_uses = tonumber(ARGV[7]), tonumber(ARGV[8])
local is_temporary, is_unique, limit = ARGV[9] == '1', ARGV[10] == '1', tonumber(ARGV[11])
local digest, body = ARGV[12], ARGV[13]
assert(max_age_s >= 0 and max_age_s <= 604800 and max_uses >= 0 and max_uses <= 100, 'out of range')

local former_reply = digest ~= '' and idempotency.find(digest, body)
if former_reply then
  return former_reply
end

-- Only these are kept: what was refused may be tried again.
local function answer(status, invite, place)
  local row = invites.row(invite, place, '')
  if digest ~= '' then
    idempotency.keep_row(digest, body, row)
  end
  return { status, row }
end

local is_guild = guild_id ~= ''
local place, is_category = invites.place_of_channel(guild_id, channel_id)
if not place then
  return { 'unknown_channel' }
end
if is_guild then
  if not permissions.in_channel(place, channel_id, caller, permissions.CREATE_INSTANT_INVITE) then
    return { 'missing_permissions' }
  end
  if is_category then
    return { 'invalid_channel_type' }
  end
elseif not (caller.is_service or group_dms.is_recipient(place, caller.user_id)) then
  return { 'unknown_channel' }
end

local flags = is_temporary and invites.TEMPORARY or 0

if not is_unique then
  for _, own_code in ipairs(invites.codes(place)) do
    local own = invites.record(own_code)
    -- Equal flags: as temporary as asked for, and not paused.
    if own and own.channel_id == channel_id and own.inviter_id == caller.user_id
      and own.max_uses == max_uses and own.flags == flags and invites.is_live(own)
      and tonumber(invites.read_details(own).max_age_s) == max_age_s then
      return answer('reused', own, place)
    end
  end
end

if invites.live_count(place) >= limit then
  return { 'max_invites' }
end
if redis.call('EXISTS', keys.invite(code)) == 1 then
  return { 'code_taken' }
end

-- Newest first must hold within a microsecond too.
local newest = redis.call('ZREVRANGE', place.key .. ':invites', 0, 0, 'WITHSCORES')
local order = math.max(clock.now_us, (tonumber(newest[2]) or 0) + 1)
local invite = {
  code = code,
  type = is_guild and invites.GUILD or invites.GROUP_DM,
  guild_id = guild_id,
  channel_id = channel_id,
  inviter_id = caller.user_id,
  created_at_ms = clock.now_ms,
  expires_at_ms = max_age_s > 0 and clock.now_ms + max_age_s * 1000 or '',
  max_age_s = max_age_s,
  max_uses = max_uses,
  uses = 0,
  flags = flags,
  version = 1,
}
invites.add(invite, order)
invites.announce('INVITE_CREATE', invite, place)
return answer('created', invite, place)
