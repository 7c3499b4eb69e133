#!lua
-- Puts an invite that was made elsewhere (import): creates it under its own code, or replaces its settings.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild or group DM
-- ARGV[1]  code; where it lies in another partition, a pointer was claimed there before
-- ARGV[2]  guild id, '' for a group DM
-- ARGV[3]  channel id
-- ARGV[4]  inviter: user id, '' for none
-- ARGV[5]  created_at in ms since the epoch, '' for now
-- ARGV[6]  max_age in seconds, 0-604800, 0 = never
-- ARGV[7]  max_uses, 0-100, 0 = no cap
-- ARGV[8]  uses
-- ARGV[9]  '1' for temporary membership
-- ARGV[10] how many live invites the guild or group DM may have
-- ARGV[11] deadline of the claim, ms since the epoch; '0' where no pointer is needed
--
-- Replies: {'unknown_channel'} · {'invalid_channel_type'} · {'code_taken'} · {'already_over'} (expired or used up)
--   · {'max_invites'} · {'claim_expired'} · {'put'}
-- Writes INVITE_CREATE, or INVITE_UPDATE if it was there. `uses` never falls: a use is not handed back.
-- Sent twice, the second changes nothing but the version.

--! include gate
--! include room
--! include clock
--! include keys
--! include invites

local code, guild_id, channel_id, inviter_id = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local created_at_ms = tonumber(ARGV[5]) or clock.now_ms
local max_age_s, max_uses, uses = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local is_temporary, limit, deadline_ms = ARGV[9] == '1', tonumber(ARGV[10]), tonumber(ARGV[11])
local expires_at_ms = max_age_s > 0 and created_at_ms + max_age_s * 1000 or ''
local is_guild = guild_id ~= ''

local place, is_category = invites.place_of_channel(guild_id, channel_id)
if not place then
  return { 'unknown_channel' }
end
if is_category then
  return { 'invalid_channel_type' }
end

local former = invites.record(code)
if former and not former.channel_id then
  return { 'code_taken' }
end
if former and not invites.is_live(former) then
  invites.finish(former, 'expired', '')
  former = nil
end
if former and (former.guild_id ~= guild_id or (not is_guild and former.channel_id ~= channel_id)) then
  return { 'code_taken' }
end
if is_guild and guilds.read_vanity(place).vanity_code == code then
  return { 'code_taken' }
end
if former then
  uses = math.max(uses, former.uses)
end
if (expires_at_ms ~= '' and clock.now_ms >= expires_at_ms) or (max_uses > 0 and uses >= max_uses) then
  return { 'already_over' }
end
if not former and invites.live_count(place) >= limit then
  return { 'max_invites' }
end
if deadline_ms > 0 and clock.now_ms >= deadline_ms then
  return { 'claim_expired' }
end

local invite = {
  code = code,
  type = is_guild and invites.GUILD or invites.GROUP_DM,
  guild_id = guild_id,
  channel_id = channel_id,
  inviter_id = inviter_id,
  created_at_ms = created_at_ms,
  expires_at_ms = expires_at_ms,
  max_age_s = max_age_s,
  max_uses = max_uses,
  uses = uses,
  flags = is_temporary and invites.TEMPORARY or 0,
  version = former and tonumber(invites.read_details(former).version) + 1 or 1,
}
if former then
  invites.forget(former)
end
invites.add(invite, created_at_ms * 1000)
invites.announce(former and 'INVITE_UPDATE' or 'INVITE_CREATE', invite, place)
return { 'put' }
