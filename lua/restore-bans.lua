#!lua
-- Puts bans of one kind back. Whoever is banned is no member already.
--
-- KEYS[2…] invited:{p}:   p = partitions of the guilds
-- ARGV     for each guild: which of KEYS · '<bans or ip-bans>:<guild id>' · how many bans, then for each of them:
--          user id or ban key of an address · JSON of the record
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each ban (lib/restoring.lua): w k n}
-- Sent twice, the second changes nothing.

--! include closed
--! include restoring
--! include guilds

local WIDTH = 2

return restoring.groups(KEYS, ARGV, WIDTH, function(owner, first, count)
  local kind, guild_id = owner:match('^([a-z-]+):(%d+)$')
  assert(kind == 'bans' or kind == 'ip-bans', 'unknown kind')
  local guild = guilds.read(guild_id)
  if not guild then
    return restoring.without('guild:' .. guild_id):rep(count)
  end
  local letters = {}
  for at = first, first + (count - 1) * WIDTH, WIDTH do
    if restoring.is_newer(owner .. ':' .. ARGV[at]) then
      letters[#letters + 1] = restoring.KEPT
    else
      redis.call('HSET', guild.key .. ':' .. kind, ARGV[at], ARGV[at + 1])
      letters[#letters + 1] = restoring.WRITTEN
    end
  end
  guilds.note_bans(guild)
  return table.concat(letters)
end)
