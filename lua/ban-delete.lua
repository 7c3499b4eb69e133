#!lua
-- Lifts the ban of a user or an address.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  'bans' or 'ip-bans'
-- ARGV[3]  user id, or the ban key of an address
--
-- Replies: {'unknown_guild'} · {'unknown_ban'} · {'deleted'}

--! include gate
--! include room
--! include guilds
--! include journal

local guild_id, kind, who = ARGV[1], ARGV[2], ARGV[3]

local guild = guilds.read(guild_id)
if not guild then
  return { 'unknown_guild' }
end
if redis.call('HDEL', guild.key .. ':' .. kind, who) == 0 then
  return { 'unknown_ban' }
end
guilds.note_bans(guild)
journal.mark(journal.next(), kind .. ':' .. guild_id .. ':' .. who)
return { 'deleted' }
