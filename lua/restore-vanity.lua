#!lua
-- Asks a guild or group DM whether it has a code that Postgres gives to another one, and takes it from a guild whose
-- vanity it is, unless that is newer here than in Postgres.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild or group DM
-- ARGV[1]  its id
-- ARGV[2]  code
-- ARGV[3]  holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'has'} (it stays so) · {'has_not'}. Sent twice, the second replies
--   has_not. The guild is marked: Postgres shall know.

--! include closed
--! include restoring
--! include clock
--! include guilds
--! include journal
--! include invites

local id, code = ARGV[1], ARGV[2]

local record = invites.record(code)
if record and (record.guild_id == id or record.channel_id == id) and invites.is_live(record) then
  return { 'has' }
end
local guild = guilds.read(id)
if not guild or guilds.read_vanity(guild).vanity_code ~= code then
  return { 'has_not' }
end
if restoring.is_newer('guild:' .. id) then
  return { 'has' }
end
guild.vanity_version = guild.vanity_version + 1
guild.vanity_code, guild.vanity_uses, guild.vanity_created_at_ms, guild.vanity_token = '', nil, '', ''
guild.revision = clock.stamp
guilds.write(guild)
journal.mark(journal.next(), 'guild:' .. id)
return { 'has_not' }
