-- Group DM records: the hash group-dm:<id> and, beside it, the recipients in the order they came.

--! include keys
--! include records

local group_dms = { RECIPIENTS_MAX = 50 }

local function read_record(channel_id, key)
  local values = redis.call('HMGET', key, 'owner_id', 'json')
  if not values[1] then
    return nil
  end
  return { id = channel_id, key = key, owner_id = values[1], json = values[2] }
end

-- The fields that decisions and answers need, or nil for an unknown group DM.
function group_dms.read(channel_id)
  return records.read(keys.group_dm(channel_id), read_record, channel_id)
end

function group_dms.recipients(group_dm)
  group_dm.recipients = group_dm.recipients or redis.call('ZRANGE', group_dm.key .. ':recipients', 0, -1)
  return group_dm.recipients
end

function group_dms.is_recipient(group_dm, user_id)
  return redis.call('ZSCORE', group_dm.key .. ':recipients', user_id) ~= false
end

-- Adds recipients behind the others.
function group_dms.add_recipients(group_dm, user_ids)
  local key = group_dm.key .. ':recipients'
  local last = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
  local order = tonumber(last[2]) or 0
  for at, user_id in ipairs(user_ids) do
    redis.call('ZADD', key, order + at, user_id)
  end
end
