#!lua
-- Records that a channel belongs to a guild, unless another guild or a group DM has that id.
--
-- KEYS[2]  invited:{p}:   p = partition of the channel's own id
-- ARGV[1]  channel id
-- ARGV[2]  guild id
-- ARGV[3]  guild to take it over from, which the caller knows not to have the channel any more; '' for none
--
-- Replies: {'claimed'} (a new record) · {'had'} (the guild had it already) · {'held', guild id} · {'group_dm'}

--! include gate
--! include room
--! include keys

local channel_id, guild_id, takeover_id = ARGV[1], ARGV[2], ARGV[3]

if redis.call('EXISTS', keys.group_dm(channel_id)) == 1 then
  return { 'group_dm' }
end
local holder_id = redis.call('GET', keys.channel(channel_id))
if holder_id == guild_id then
  return { 'had' }
end
if holder_id and holder_id ~= takeover_id then
  return { 'held', holder_id }
end
redis.call('SET', keys.channel(channel_id), guild_id)
return { 'claimed' }
