#!lua flags=no-writes
-- Reads a guild's vanity code and how often it was used.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  caller: user id
-- ARGV[3]  caller: '1' for a service
-- ARGV[4]  caller: claimed permission bits, '' if none were claimed
-- ARGV[5]  the code that the caller wishes to set ('' to remove it), or '-' only to read
-- ARGV[6]  versions that the vanity may have, see lib/versions.lua; '*' to read
--
-- Replies: {'unknown_guild'} · {'missing_permissions'} · {'is', code or '', uses, version}
--   and to a wish also: {'version_mismatch'} · {'unchanged', code or '', uses, version} · {'requires_feature'}
--   · {'taken'} · {'may_change'}

--! include gate
--! include vanities
--! include permissions

local guild_id, wish, wanted = ARGV[1], ARGV[5], ARGV[6]
local caller = permissions.caller(ARGV[2], ARGV[3], ARGV[4])

local status, guild = vanities.judge(guild_id, caller, wish, wanted)
if status == 'unknown_guild' or status == 'missing_permissions' then
  return { status }
end
if wish == '-' then
  return { 'is', vanities.fields(guild) }
end
if status == 'unchanged' then
  return { status, vanities.fields(guild) }
end
return { status }
