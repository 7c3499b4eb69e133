#!lua flags=no-writes
-- Reads a guild's record.
--
-- KEYS[1]  invited:{p}:seq   p = partition of the guild
-- ARGV[1]  guild id
--
-- Replies: {'unknown_guild'} · {'found', JSON of the record, told member count or '', presence count or ''}

--! include guilds

local guild = guilds.read(ARGV[1])
if not guild then
  return { 'unknown_guild' }
end
return { 'found', redis.call('HGET', guild.key, 'record'), guild.told_member_count, guild.presence_count }
