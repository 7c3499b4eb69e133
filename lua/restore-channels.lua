#!lua
-- Puts channels of guilds back.
--
-- KEYS[2…] invited:{p}:   p = partitions of the guilds
-- ARGV     for each guild: which of KEYS · guild id · how many channels, then for each of them:
--          channel id · rule (channel-put.lua) · JSON shown in invites · JSON of the record as told
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each channel (lib/restoring.lua): w k n}
-- Sent twice, the second changes nothing but revisions.

--! include closed
--! include restoring
--! include guilds
--! include directory

local WIDTH = 4

return restoring.groups(KEYS, ARGV, WIDTH, function(guild_id, first, count)
  local guild = guilds.read(guild_id)
  if not guild then
    return restoring.without('guild:' .. guild_id):rep(count)
  end
  local letters = {}
  for at = first, first + (count - 1) * WIDTH, WIDTH do
    local channel_id = ARGV[at]
    if restoring.is_newer('channel:' .. guild_id .. ':' .. channel_id) then
      letters[#letters + 1] = restoring.KEPT
    else
      redis.call('HSET', guild.key .. ':channels', channel_id, ARGV[at + 1])
      redis.call('HSET', guild.key .. ':channel-json', channel_id, ARGV[at + 2])
      redis.call('HSET', guild.key .. ':channel-records', channel_id, ARGV[at + 3])
      letters[#letters + 1] = restoring.WRITTEN
    end
  end
  directory.changed(guild)
  return table.concat(letters)
end)
