-- Group DM records: the hash group-dm:<id> and, beside it, the recipients in the order they came.

--! include keys

local group_dms = { RECIPIENTS_MAX = 50 }

-- The fields that decisions and answers need, or nil for an unknown group DM.
function group_dms.read(channel_id)
  local key = keys.group_dm(channel_id)
  local values = redis.call('HMGET', key, 'owner_id', 'json')
  if not values[1] then
    return nil
  end
  return { id = channel_id, key = key, owner_id = values[1], json = values[2] }
end

function group_dms.recipients(group_dm)
  return redis.call('ZRANGE', group_dm.key .. ':recipients', 0, -1)
end

function group_dms.is_recipient(group_dm, user_id)
  return redis.call('ZSCORE', group_dm.key .. ':recipients', user_id) ~= false
end

function group_dms.recipient_count(group_dm)
  return redis.call('ZCARD', group_dm.key .. ':recipients')
end

-- Adds a recipient behind the others.
function group_dms.add_recipient(group_dm, user_id)
  local last = redis.call('ZREVRANGE', group_dm.key .. ':recipients', 0, 0, 'WITHSCORES')
  redis.call('ZADD', group_dm.key .. ':recipients', (tonumber(last[2]) or 0) + 1, user_id)
end
