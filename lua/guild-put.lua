#!lua
-- Creates or replaces a guild's record and roles; its channels, members, bans, invites and vanity stay.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  owner: user id; always a member
-- ARGV[3]  flags, bits as in lib/guilds.lua
-- ARGV[4]  max_members
-- ARGV[5]  told member count, '' to count the members known here
-- ARGV[6]  presence count
-- ARGV[7]  JSON shown in invites
-- ARGV[8]  JSON of the record as told, without the counts
-- ARGV[9]… role id, known permission bits, … in pairs
--
-- Replies: {'ending'} (one of this id was deleted, and its invites are still to be ended) · {'put'}
-- Sent twice, the second changes nothing.

--! include gate
--! include room
--! include guilds
--! include journal
--! include directory
--! include endings

local guild_id, owner_id = ARGV[1], ARGV[2]

if endings.is_under_way('guild:' .. guild_id) then
  return { 'ending' }
end
local guild = guilds.read(guild_id)
local membership = redis.call('HGET', keys.guild(guild_id) .. ':members', owner_id)

local seq = journal.next()
guild = guild and guilds.read_vanity(guild) or guilds.new(guild_id, seq)
guild.owner_id, guild.flags, guild.max_members = owner_id, ARGV[3], ARGV[4]
guild.told_member_count, guild.presence_count = tonumber(ARGV[5]), ARGV[6]
redis.call('SET', guild.key .. ':json', ARGV[7])
redis.call('SET', guild.key .. ':record', ARGV[8])
redis.call('DEL', guild.key .. ':roles')
for at = 9, #ARGV, 2 do
  redis.call('HSET', guild.key .. ':roles', ARGV[at], ARGV[at + 1])
end
journal.mark(seq, 'guild:' .. guild_id)
if not membership or membership:sub(1, 1) == 't' then
  guilds.own(guild, owner_id)
  journal.mark(seq, 'member:' .. guild_id .. ':' .. owner_id)
end
directory.changed(guild)
return { 'put' }
