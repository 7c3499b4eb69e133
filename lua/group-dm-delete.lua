#!lua
-- Deletes a group DM. Its invites lead nowhere from now on, and are to be ended by ending-step.lua.
--
-- KEYS[2]  invited:{p}:   p = partition of the group DM
-- ARGV[1]  channel id
-- ARGV[2]  who deletes it: user id
--
-- Replies: {'unknown_channel'} · {'deleted'}

--! include gate
--! include room
--! include group-dms
--! include journal
--! include endings

local channel_id, by = ARGV[1], ARGV[2]

local group_dm = group_dms.read(channel_id)
if not group_dm then
  return { 'unknown_channel' }
end
endings.set_aside('group-dm:' .. channel_id, group_dm.key, by)
redis.call('DEL', group_dm.key, group_dm.key .. ':recipients', group_dm.key .. ':expiring')
journal.mark(journal.next(), 'group-dm:' .. channel_id)
return { 'deleted' }
