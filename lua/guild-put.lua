#!lua
-- Creates or replaces a guild's record and roles; its channels, members, bans, invites and vanity stay.
--
-- KEYS[1]  invited:{p}:seq   p = partition of the guild
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
-- Replies: {'put'}. Sent twice, the second changes nothing.

--! include guilds
--! include journal
--! include directory

local guild_id, owner_id = ARGV[1], ARGV[2]
local key = keys.guild(guild_id)

redis.call('HSET', key, 'owner_id', owner_id, 'flags', ARGV[3], 'max_members', ARGV[4], 'presence_count', ARGV[6],
  'json', ARGV[7], 'record', ARGV[8])
if ARGV[5] == '' then
  redis.call('HDEL', key, 'told_member_count')
else
  redis.call('HSET', key, 'told_member_count', ARGV[5])
end

redis.call('DEL', key .. ':roles')
for at = 9, #ARGV, 2 do
  redis.call('HSET', key .. ':roles', ARGV[at], ARGV[at + 1])
end

local seq = journal.next()
journal.mark(seq, 'guild:' .. guild_id)

local membership = redis.call('HGET', key .. ':members', owner_id)
if not membership or membership:sub(1, 1) == 't' then
  redis.call('HSET', key .. ':members', owner_id, 'p')
  redis.call('SREM', keys.temporary(owner_id), guild_id)
  journal.mark(seq, 'member:' .. guild_id .. ':' .. owner_id)
end

directory.changed(guilds.read(guild_id))
return { 'put' }
