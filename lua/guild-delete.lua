#!lua
-- Deletes a guild with its channels, roles, members, bans, invites and vanity.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild
-- ARGV[1]  guild id
-- ARGV[2]  who deletes it: user id
--
-- Replies: {'unknown_guild'} · {'deleted', vanity code or '', its token, channel ids}; the caller then releases the
-- vanity's pointer and the channels' records, which lie in other partitions and lead nowhere from now on.
-- Writes INVITE_DELETE (guild_deleted) for each invite, VANITY_UPDATE. O(invites and channels of the guild).

--! include gate
--! include room
--! include guilds
--! include journal
--! include invites

local guild_id, by = ARGV[1], ARGV[2]
local guild = guilds.read(guild_id)
if not guild then
  return { 'unknown_guild' }
end
guilds.read_vanity(guild)

local channel_ids = redis.call('HKEYS', guild.key .. ':channels')
invites.finish_all(guild, 'guild_deleted', by, function()
  return true
end)
local seq = journal.next()
journal.mark(seq, 'guild:' .. guild_id)
if guild.vanity_code ~= '' then
  journal.event(seq, 'VANITY_UPDATE', guild_id, '', 'old_code', guild.vanity_code, 'new_code', '')
end
guilds.erase(guild)
return { 'deleted', guild.vanity_code, guild.vanity_token, channel_ids }
