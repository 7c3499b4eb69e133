#!lua
-- Puts back which guild a channel belongs to, for channels that were put back in their guild's partition before.
--
-- KEYS[2…] invited:{p}:   p = partitions of the channels' own ids
-- ARGV     for each channel: which of KEYS · channel id · guild id
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each channel (lib/restoring.lua): w}
-- Sent twice, the second changes nothing.

--! include closed
--! include restoring
--! include keys

return restoring.rows(KEYS, ARGV, 3, function(at)
  redis.call('SET', keys.channel(ARGV[at]), ARGV[at + 1])
  return restoring.WRITTEN
end)
