#!lua
-- Ends a membership, as the host tells it. The owner is always a member: for him only the roles go.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  user id
--
-- Replies: {'unknown_guild'} · {'unknown_member'} · {'deleted'}
-- Writes MEMBER_REMOVE (removed).

--! include gate
--! include room
--! include guilds
--! include journal

local guild_id, user_id = ARGV[1], ARGV[2]

local guild = guilds.read(guild_id)
if not guild then
  return { 'unknown_guild' }
end
if not guilds.is_member(guild, user_id) then
  return { 'unknown_member' }
end
if user_id == guild.owner_id then
  guilds.put_member(guild, user_id, 'p')
  journal.mark(journal.next(), 'member:' .. guild_id .. ':' .. user_id)
else
  guilds.remove_member(guild, user_id, 'removed')
end
return { 'deleted' }
