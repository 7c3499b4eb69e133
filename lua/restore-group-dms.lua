#!lua
-- Puts group DMs back, with their recipients in order.
--
-- KEYS[2…] invited:{p}:   p = partitions of the group DMs
-- ARGV     for each group DM: which of KEYS · channel id · how many recipients · owner · JSON shown in invites
--          · JSON of the record as told, without the recipients · the recipients
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each group DM (lib/restoring.lua): w k}
-- Sent twice, the second changes nothing.

--! include closed
--! include restoring
--! include keys
--! include group-dms

local letters, at = {}, 1
while at <= #ARGV do
  keys.enter(KEYS[tonumber(ARGV[at])])
  local channel_id, count = ARGV[at + 1], tonumber(ARGV[at + 2])
  if restoring.is_newer('group-dm:' .. channel_id) then
    letters[#letters + 1] = restoring.KEPT
  else
    local key = keys.group_dm(channel_id)
    redis.call('DEL', key .. ':recipients')
    redis.call('HSET', key, 'owner_id', ARGV[at + 3], 'json', ARGV[at + 4], 'record', ARGV[at + 5])
    local recipients = {}
    for number = 1, count do
      recipients[number] = ARGV[at + 5 + number]
    end
    group_dms.add_recipients({ key = key }, recipients)
    letters[#letters + 1] = restoring.WRITTEN
  end
  at = at + 6 + count
end
return { 'restored', table.concat(letters) }
