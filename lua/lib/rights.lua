-- The rights on one invite: its creator while he is still in, whoever manages its channel or the guild,
-- the owner of a group DM.

--! include guilds
--! include group-dms
--! include invites
--! include permissions

local rights = {}

function rights.may_revoke(invite, place, caller)
  if caller.is_service then
    return true
  end
  if caller.user_id == '' then
    return false
  end
  local is_creator = caller.user_id == invite.inviter_id
  if invite.type == invites.GROUP_DM then
    return caller.user_id == place.owner_id
      or (is_creator and group_dms.is_recipient(place, caller.user_id))
  end
  return (is_creator and guilds.is_member(place, caller.user_id))
    or permissions.in_guild(place, caller, permissions.MANAGE_GUILD)
    or permissions.in_channel(place, invite.channel_id, caller, permissions.MANAGE_CHANNELS)
end
