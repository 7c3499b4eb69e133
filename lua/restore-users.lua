#!lua
-- Puts back what is shown of users.
--
-- KEYS[2…] invited:{p}:   p = partitions of the users
-- ARGV     for each user: which of KEYS · user id · JSON
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each user (lib/restoring.lua): w k}
-- Sent twice, the second changes nothing.

--! include closed
--! include restoring
--! include keys

return restoring.rows(KEYS, ARGV, 3, function(at)
  if restoring.is_newer('user:' .. ARGV[at]) then
    return restoring.KEPT
  end
  redis.call('SET', keys.user(ARGV[at]), ARGV[at + 1])
  return restoring.WRITTEN
end)
