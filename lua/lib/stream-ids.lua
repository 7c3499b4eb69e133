-- Ids of stream entries, `<ms>-<n>`: both parts grow as numbers.

local stream_ids = {}

function stream_ids.parts(id)
  local ms, n = id:match('^(%d+)-(%d+)')
  return tonumber(ms), tonumber(n)
end

function stream_ids.is_later(id, other)
  local ms, n = stream_ids.parts(id)
  local other_ms, other_n = stream_ids.parts(other)
  return ms > other_ms or (ms == other_ms and n > other_n)
end

function stream_ids.older(id, other)
  return stream_ids.is_later(id, other) and other or id
end

-- The smallest id behind this one.
function stream_ids.next(id)
  local ms, n = stream_ids.parts(id)
  return string.format('%.0f-%.0f', ms, n + 1)
end

-- An id before this one, with none between them that Redis would give.
function stream_ids.before(id)
  local ms, n = stream_ids.parts(id)
  if n > 0 then
    return string.format('%.0f-%.0f', ms, n - 1)
  end
  return string.format('%.0f-%.0f', math.max(0, ms - 1), 2 ^ 53 - 1)
end
