#!lua
-- Creates or replaces what is shown of a user.
--
-- KEYS[2]  invited:{p}:   p = partition of the user
-- ARGV[1]  user id
-- ARGV[2]  JSON, shown in invites as it is
--
-- Replies: {'put'}. Sent twice, the second changes nothing.

--! include gate
--! include room
--! include keys
--! include journal

local user_id = ARGV[1]

redis.call('SET', keys.user(user_id), ARGV[2])
journal.mark(journal.next(), 'user:' .. user_id)
return { 'put' }
