#!lua
-- Forgets that a channel belongs to a guild.
--
-- KEYS[2]  invited:{p}:   p = partition of the channel's own id
-- ARGV[1]  channel id
-- ARGV[2]  guild id
--
-- Replies: {'released'} · {'kept'} (it is another guild's, or nobody's). Sent twice, the second replies kept.

--! include gate
--! include room
--! include keys

local channel_id, guild_id = ARGV[1], ARGV[2]

if redis.call('GET', keys.channel(channel_id)) ~= guild_id then
  return { 'kept' }
end
redis.call('DEL', keys.channel(channel_id))
return { 'released' }
