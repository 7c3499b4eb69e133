#!lua flags=no-writes
-- Reads a group DM.
--
-- KEYS[2]  invited:{p}:   p = partition of the group DM
-- ARGV[1]  channel id
--
-- Replies: {'unknown_channel'} · {'found', JSON of the record, recipients}

--! include gate
--! include group-dms

local group_dm = group_dms.read(ARGV[1])
if not group_dm then
  return { 'unknown_channel' }
end
return { 'found', redis.call('HGET', group_dm.key, 'record'), group_dms.recipients(group_dm) }
