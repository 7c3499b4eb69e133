-- Ids of stream entries, `<ms>-<n>`: both parts grow as numbers.

local stream_ids = {}

function stream_ids.is_later(id, other)
  local ms, n = id:match('^(%d+)-(%d+)$')
  local other_ms, other_n = other:match('^(%d+)-(%d+)$')
  ms, n, other_ms, other_n = tonumber(ms), tonumber(n), tonumber(other_ms), tonumber(other_n)
  return ms > other_ms or (ms == other_ms and n > other_n)
end
