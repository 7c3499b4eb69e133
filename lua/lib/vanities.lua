-- What a guild's vanity may become: the rules that checking it and switching it share.

--! include guilds
--! include invites
--! include permissions
--! include versions

local vanities = {}

-- Judges the wish to have `code` ('' to remove it) in the place of one of the `wanted` versions (lib/versions.lua).
-- Returns status, guild: 'unknown_guild' · 'missing_permissions' · 'version_mismatch' · 'unchanged'
-- · 'requires_feature' · 'taken' · 'may_change'.
function vanities.judge(guild_id, caller, code, wanted)
  local guild = guilds.read(guild_id)
  if not guild then
    return 'unknown_guild'
  end
  guilds.read_vanity(guild)
  if not permissions.in_guild(guild, caller, permissions.MANAGE_GUILD) then
    return 'missing_permissions'
  end
  if not versions.suit(wanted, guild.vanity_version) then
    return 'version_mismatch', guild
  end
  if guild.vanity_code == code then
    return 'unchanged', guild
  end
  if code ~= '' and not guilds.has(guild, guilds.VANITY_URL) then
    return 'requires_feature', guild
  end
  -- An imported invite of this very guild may have the code: its pointer leads here already.
  local record = code ~= '' and invites.record(code)
  if record and record.channel_id and invites.is_live(record) then
    return 'taken', guild
  end
  return 'may_change', guild
end

-- The reply form: code ('' for none), uses, version.
function vanities.fields(guild)
  return guild.vanity_code, guild.vanity_uses or 0, guild.vanity_version
end
