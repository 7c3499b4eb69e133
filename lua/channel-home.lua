#!lua flags=no-writes
-- Tells where a channel lives: in which guild, or as a group DM.
--
-- KEYS[2]  invited:{p}:   p = partition of the channel's own id
-- ARGV[1]  channel id
--
-- Replies: {'guild', guild id} · {'group_dm'} · {'unknown'}

--! include gate
--! include keys

local channel_id = ARGV[1]

local guild_id = redis.call('GET', keys.channel(channel_id))
if guild_id then
  return { 'guild', guild_id }
end
if redis.call('EXISTS', keys.group_dm(channel_id)) == 1 then
  return { 'group_dm' }
end
return { 'unknown' }
