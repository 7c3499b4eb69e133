-- Takes entries of the stream away that nobody needs: not the copy, no reader who gave a name, nor others for some
-- time.

--! include clock
--! include keys
--! include stream-ids
--! include consumers

local trimming = {}

-- Entries whose ids one run reads, to take away no more than are too many.
local READ_MAX = 200

-- The last of the oldest entries that are too many: `over` of `length`. Where these are more than can be read, it goes
-- by the time in their ids, as if they had come evenly; the next run does the rest.
local function last_of_too_many(over, length, copied_to)
  local oldest = redis.call('XRANGE', keys.events, '-', '+', 'COUNT', math.min(over, READ_MAX))
  local read_to = oldest[#oldest][1]
  if over <= READ_MAX then
    return read_to
  end
  local first_ms, last_ms = stream_ids.parts(oldest[1][1]), stream_ids.parts(copied_to)
  local by_time = string.format('%.0f-0', math.floor(first_ms + (last_ms - first_ms) * over / length))
  return stream_ids.is_later(by_time, read_to) and by_time or read_to
end

-- Up to `copied_to` at most. Keeps entries for `retention_ms`, and no more than `kept_max` for readers: from there on
-- the oldest go, whoever wants them. Returns 1 if some went that a reader with a name hadn't got, else 0.
function trimming.trim(copied_to, retention_ms, kept_max)
  local old = string.format('%.0f-0', math.max(0, clock.now_ms - retention_ms))
  local wanted = consumers.hold(copied_to)
  local trim_to = stream_ids.older(wanted, old)
  local length = redis.call('XLEN', keys.events)
  if length > kept_max then
    local bound = stream_ids.older(last_of_too_many(length - kept_max, length, copied_to), copied_to)
    trim_to = stream_ids.is_later(bound, trim_to) and bound or trim_to
  end
  -- Only what is really taken away counts as trimmed: who has read all before it has lost nothing.
  local last = redis.call('XREVRANGE', keys.events, trim_to, '-', 'COUNT', 1)[1]
  if not last then
    return 0
  end
  redis.call('XTRIM', keys.events, 'MINID', stream_ids.next(last[1]))
  redis.call('SET', keys.trimmed, last[1])
  return stream_ids.is_later(last[1], wanted) and 1 or 0
end
