#!lua
-- Deletes a group DM and ends its invites.
--
-- KEYS[2]  invited:{p}:   p = partition of the group DM
-- ARGV[1]  channel id
-- ARGV[2]  who deletes it: user id
--
-- Replies: {'unknown_channel'} · {'deleted'}
-- Writes INVITE_DELETE (channel_deleted) for each of its invites.

--! include gate
--! include room
--! include group-dms
--! include journal
--! include invites

local channel_id, by = ARGV[1], ARGV[2]

local group_dm = group_dms.read(channel_id)
if not group_dm then
  return { 'unknown_channel' }
end
invites.finish_all(group_dm, 'channel_deleted', by, function()
  return true
end)
redis.call('DEL', group_dm.key, group_dm.key .. ':recipients', group_dm.key .. ':invites',
  group_dm.key .. ':expiring')
journal.mark(journal.next(), 'group-dm:' .. channel_id)
return { 'deleted' }
