#!lua
-- Ends every temporary membership that a user has in the guilds of one journal.
--
-- KEYS[2]  invited:{p}:   any partition of the journal; the caller runs this once for each journal
-- ARGV[1]  user id
--
-- Replies: {'disconnected', guild ids}. Writes MEMBER_REMOVE (disconnected) for each.
-- Sent twice, the second finds none.

--! include gate
--! include room
--! include guilds

local user_id = ARGV[1]

local removed = {}
for _, member in ipairs(redis.call('SMEMBERS', keys.temporary(user_id))) do
  local partition, guild_id = member:match('^(%d+) (%d+)$')
  keys.enter(keys.of_partition(partition))
  local guild = guilds.read(guild_id)
  local membership = guild and redis.call('HGET', guild.key .. ':members', user_id)
  -- The set may name a guild that was deleted: only the membership itself counts.
  if membership and membership:sub(1, 1) == 't' then
    guilds.remove_member(guild, user_id, 'disconnected')
    removed[#removed + 1] = guild_id
  end
end
redis.call('DEL', keys.temporary(user_id))
return { 'disconnected', removed }
