#!lua flags=no-writes
-- Reads what is shown of a user.
--
-- KEYS[2]  invited:{p}:   p = partition of the user
-- ARGV[1]  user id
--
-- Replies: {'unknown_user'} · {'found', JSON}

--! include gate
--! include keys

local json = redis.call('GET', keys.user(ARGV[1]))
if not json then
  return { 'unknown_user' }
end
return { 'found', json }
