#!lua
-- Creates or replaces a channel of a guild.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  channel id, claimed for this guild before
-- ARGV[3]  rule: '<type> <position> <overwrite>…', an overwrite is id:0 role or 1 member:allow bits:deny bits
-- ARGV[4]  JSON shown in invites
-- ARGV[5]  JSON of the record as told
--
-- Replies: {'unknown_guild'} · {'ending'} (one of this id was deleted, and its invites are still to be ended) · {'put'}
-- Sent twice, the second changes nothing.

--! include gate
--! include room
--! include guilds
--! include journal
--! include directory
--! include endings

local guild_id, channel_id = ARGV[1], ARGV[2]

local guild = guilds.read(guild_id)
if not guild then
  return { 'unknown_guild' }
end
if endings.is_under_way('channel:' .. guild_id .. ':' .. channel_id) then
  return { 'ending' }
end
redis.call('HSET', guild.key .. ':channels', channel_id, ARGV[3])
redis.call('HSET', guild.key .. ':channel-json', channel_id, ARGV[4])
redis.call('HSET', guild.key .. ':channel-records', channel_id, ARGV[5])
local seq = journal.next()
journal.mark(seq, 'channel:' .. guild_id .. ':' .. channel_id)
directory.changed(guild)
return { 'put' }
