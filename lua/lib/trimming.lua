-- Takes entries of the stream away that nobody needs: not the copy, no reader who gave a name, nor others for some
-- time.

--! include clock
--! include keys
--! include stream-ids
--! include consumers

local trimming = {}

-- Entries that one run takes away against somebody's will: their ids have to be read.
local OVER_MAX = 200

-- Up to `copied_to` at most. Keeps entries for `retention_ms`, and no more than `kept_max` for readers: from there on
-- the oldest go, whoever wants them. Returns 1 if some went that a reader with a name hadn't got, else 0.
function trimming.trim(copied_to, retention_ms, kept_max)
  local old = string.format('%.0f-0', math.max(0, clock.now_ms - retention_ms))
  local wanted = consumers.hold(copied_to)
  local trim_to = stream_ids.older(wanted, old)
  local over = redis.call('XLEN', keys.events) - kept_max
  if over > 0 then
    local oldest = redis.call('XRANGE', keys.events, '-', '+', 'COUNT', math.min(over, OVER_MAX))
    local bound = stream_ids.older(oldest[#oldest][1], copied_to)
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
