#!lua
-- Puts members of guilds back. A told count knows of them already.
--
-- KEYS[2…] invited:{p}:   p = partitions of the guilds
-- ARGV     for each guild: which of KEYS · guild id · how many members (at most 1000), then for each of them:
--          user id · membership (member-put.lua)
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each member (lib/restoring.lua): w k n}
-- O(members), with two commands for each guild and one for each temporary member. Sent twice, the second changes
-- nothing.

--! include closed
--! include restoring
--! include guilds

local WIDTH = 2

return restoring.groups(KEYS, ARGV, WIDTH, function(guild_id, first, count)
  assert(count <= 1000, 'too many')
  if not guilds.exists(guild_id) then
    return restoring.without('guild:' .. guild_id):rep(count)
  end
  local users, memberships, letters = {}, {}, {}
  for at = first, first + (count - 1) * WIDTH, WIDTH do
    local user_id = ARGV[at]
    local is_newer = restoring.has_newer() and restoring.is_newer('member:' .. guild_id .. ':' .. user_id)
    if not is_newer then
      users[#users + 1], memberships[#memberships + 1] = user_id, ARGV[at + 1]
    end
    letters[#letters + 1] = is_newer and restoring.KEPT or restoring.WRITTEN
  end
  if #users > 0 then
    guilds.restore_members({ id = guild_id, key = keys.guild(guild_id) }, users, memberships)
  end
  return table.concat(letters)
end)
