#!lua
-- Creates or replaces a group DM and its recipients; its invites stay.
--
-- KEYS[2]  invited:{p}:   p = partition of the group DM
-- ARGV[1]  channel id
-- ARGV[2]  owner: user id, one of the recipients
-- ARGV[3]  JSON shown in invites
-- ARGV[4]  JSON of the record as told, without the recipients
-- ARGV[5]  guild that had a channel of this id, which the caller knows not to have it any more; '' for none
-- ARGV[6]… recipients: 1-50 user ids
--
-- Replies: {'held', guild id} (a guild's channel has this id) · {'ending'} (one of this id was deleted, and its invites
-- are still to be ended) · {'put'}. Sent twice, the second changes nothing.

--! include gate
--! include room
--! include keys
--! include journal
--! include endings

local channel_id, takeover_id = ARGV[1], ARGV[5]
local key = keys.group_dm(channel_id)

local holder_id = redis.call('GET', keys.channel(channel_id))
if holder_id and holder_id ~= takeover_id then
  return { 'held', holder_id }
end
if endings.is_under_way('group-dm:' .. channel_id) then
  return { 'ending' }
end

redis.call('DEL', keys.channel(channel_id), key .. ':recipients')
redis.call('HSET', key, 'owner_id', ARGV[2], 'json', ARGV[3], 'record', ARGV[4])
for at = 6, #ARGV do
  redis.call('ZADD', key .. ':recipients', at, ARGV[at])
end
journal.mark(journal.next(), 'group-dm:' .. channel_id)
return { 'put' }
