#!lua flags=no-writes
-- Lists the live invites of a guild, of one of its channels, or of a group DM, newest first, without the vanity.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild or group DM
-- ARGV[1]  guild id, '' for a group DM
-- ARGV[2]  channel id, '' for the whole guild
-- ARGV[3]  caller: user id
-- ARGV[4]  caller: '1' for a service
-- ARGV[5]  caller: claimed permission bits, '' if none were claimed
--
-- Replies: {'unknown_guild'} · {'unknown_channel'} · {'missing_permissions'} · {'listed', rows}
-- O(invites of the guild), which the limit bounds.

--! include gate
--! include guilds
--! include group-dms
--! include invites
--! include permissions

local guild_id, channel_id = ARGV[1], ARGV[2]
local caller = permissions.caller(ARGV[3], ARGV[4], ARGV[5])

local place
if guild_id ~= '' then
  place = guilds.read(guild_id)
  if channel_id == '' then
    if not place then
      return { 'unknown_guild' }
    end
    if not permissions.in_guild(place, caller, permissions.MANAGE_GUILD) then
      return { 'missing_permissions' }
    end
  else
    if not place or redis.call('HEXISTS', place.key .. ':channels', channel_id) == 0 then
      return { 'unknown_channel' }
    end
    if not permissions.in_channel(place, channel_id, caller, permissions.MANAGE_CHANNELS) then
      return { 'missing_permissions' }
    end
  end
else
  place = group_dms.read(channel_id)
  if not place or not (caller.is_service or group_dms.is_recipient(place, caller.user_id)) then
    return { 'unknown_channel' }
  end
  if not (caller.is_service or caller.user_id == place.owner_id) then
    return { 'missing_permissions' }
  end
end

local rows = {}
for _, code in ipairs(invites.codes(place)) do
  local invite = invites.record(code)
  if invites.is_of(invite, place) and (channel_id == '' or invite.channel_id == channel_id)
    and invites.is_live(invite) then
    rows[#rows + 1] = invites.row(invite, place, '')
  end
end
return { 'listed', rows }
