#!lua
-- Forgets a user; memberships and invites stay.
--
-- KEYS[2]  invited:{p}:   p = partition of the user
-- ARGV[1]  user id
--
-- Replies: {'unknown_user'} · {'deleted'}

--! include gate
--! include room
--! include keys
--! include journal

local user_id = ARGV[1]

if redis.call('DEL', keys.user(user_id)) == 0 then
  return { 'unknown_user' }
end
journal.mark(journal.next(), 'user:' .. user_id)
return { 'deleted' }
