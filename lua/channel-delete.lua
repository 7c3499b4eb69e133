#!lua
-- Deletes a channel of a guild. Its invites are to be ended by ending-step.lua, at once.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  channel id
-- ARGV[3]  who deletes it: user id
--
-- Replies: {'unknown_guild'} · {'unknown_channel'} · {'deleted'}

--! include gate
--! include room
--! include guilds
--! include journal
--! include endings
--! include directory

local guild_id, channel_id, by = ARGV[1], ARGV[2], ARGV[3]

local guild = guilds.read(guild_id)
if not guild then
  return { 'unknown_guild' }
end
if redis.call('HDEL', guild.key .. ':channels', channel_id) == 0 then
  return { 'unknown_channel' }
end
redis.call('HDEL', guild.key .. ':channel-json', channel_id)
redis.call('HDEL', guild.key .. ':channel-records', channel_id)
if redis.call('EXISTS', guild.key .. ':invites') == 1 then
  endings.note('channel:' .. guild_id .. ':' .. channel_id, by, '-', '-')
end
local seq = journal.next()
journal.mark(seq, 'channel:' .. guild_id .. ':' .. channel_id)
directory.changed(guild)
return { 'deleted' }
