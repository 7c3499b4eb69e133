#!lua flags=no-writes
-- Reads a guild's record.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
--
-- Replies: {'unknown_guild'} · {'found', JSON of the record, told member count or '', presence count or ''}

--! include gate
--! include packed
--! include guilds

local guild = guilds.read(ARGV[1])
if not guild then
  return { 'unknown_guild' }
end
local told = guild.told_member_count
return { 'found', redis.call('GET', guild.key .. ':record'), told and packed.exact(told) or '', guild.presence_count }
