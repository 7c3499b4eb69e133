#!lua
-- Deletes a guild with its channels, roles, members, bans and vanity. Its invites lead nowhere from now on, and are to
-- be ended by ending-step.lua.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  who deletes it: user id
--
-- Replies: {'unknown_guild'} · {'deleted', vanity code or '', its token, channel ids}; the caller then releases the
-- vanity's pointer and the channels' records, which lie in other partitions and lead nowhere from now on.
-- Writes VANITY_UPDATE. O(channels of the guild).

--! include gate
--! include room
--! include guilds
--! include journal
--! include endings

local guild_id, by = ARGV[1], ARGV[2]
local guild = guilds.read(guild_id)
if not guild then
  return { 'unknown_guild' }
end
guilds.read_vanity(guild)

local channel_ids = redis.call('HKEYS', guild.key .. ':channels')
endings.set_aside('guild:' .. guild_id, guild.key, by)
local seq = journal.next()
journal.mark(seq, 'guild:' .. guild_id)
if guild.vanity_code ~= '' then
  journal.event(seq, 'VANITY_UPDATE', guild_id, '', 'old_code', guild.vanity_code, 'new_code', '')
end
guilds.erase(guild)
return { 'deleted', guild.vanity_code, guild.vanity_token, channel_ids }
