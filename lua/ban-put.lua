#!lua
-- Bans a user or an address from a guild. A banned user stops being a member; the owner, always a member, does not.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  'bans' or 'ip-bans'
-- ARGV[3]  user id, or the ban key of an address
-- ARGV[4]  JSON of the record
--
-- Replies: {'unknown_guild'} · {'put'}. Writes MEMBER_REMOVE (banned) if a member was banned.
-- Sent twice, the second changes nothing.

--! include gate
--! include room
--! include guilds
--! include journal

local guild_id, kind, who = ARGV[1], ARGV[2], ARGV[3]

local guild = guilds.read(guild_id)
if not guild then
  return { 'unknown_guild' }
end
redis.call('HSET', guild.key .. ':' .. kind, who, ARGV[4])
guilds.note_bans(guild)
journal.mark(journal.next(), kind .. ':' .. guild_id .. ':' .. who)
if kind == 'bans' and who ~= guild.owner_id and guilds.is_member(guild, who) then
  guilds.remove_member(guild, who, 'banned')
end
return { 'put' }
