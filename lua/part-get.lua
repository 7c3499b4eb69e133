#!lua flags=no-writes
-- Reads one part of a guild: a channel's record, a member, a ban.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  'channel-records', 'members', 'bans' or 'ip-bans'
-- ARGV[3]  which one
--
-- Replies: {'unknown_guild'} · {'absent'} · {'found', value as stored}

--! include gate
--! include guilds

local guild_id, part, field = ARGV[1], ARGV[2], ARGV[3]

if not guilds.exists(guild_id) then
  return { 'unknown_guild' }
end
local value = redis.call('HGET', keys.guild(guild_id) .. ':' .. part, field)
if not value then
  return { 'absent' }
end
return { 'found', value }
