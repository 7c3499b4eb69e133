#!lua
-- Creates or replaces a membership, as the host tells it.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  user id
-- ARGV[3]  'p' (permanent) or 't' (temporary), followed by role ids with commas between them
--
-- Replies: {'unknown_guild'} · {'put', value as stored}: the owner is never a temporary member.
-- Sent twice, the second changes nothing.

--! include gate
--! include room
--! include guilds
--! include journal

local guild_id, user_id, membership = ARGV[1], ARGV[2], ARGV[3]

local guild = guilds.read(guild_id)
if not guild then
  return { 'unknown_guild' }
end
if user_id == guild.owner_id then
  membership = 'p' .. membership:sub(2)
end
guilds.put_member(guild, user_id, membership)
local seq = journal.next()
journal.mark(seq, 'member:' .. guild_id .. ':' .. user_id)
if guild.told_member_count then
  journal.mark(seq, 'guild:' .. guild_id)
end
return { 'put', membership }
