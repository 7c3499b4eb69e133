-- Consumers: readers of the events who gave a name. What they haven't got is kept for them, as long as they come back.

--! include clock
--! include keys
--! include stream-ids

local consumers = { MAX = 100 }

-- A consumer that doesn't come for so long is forgotten.
local LIFETIME_MS = 7 * 24 * 3600 * 1000

-- Notes where one stands: '<ms>-<n>', an entry of which and of all before it he has all events; '<ms>-<n>-<k>', of
-- which he has the first k + 1.
function consumers.note(name, position)
  redis.call('HSET', keys.consumers, name, position .. ' ' .. clock.now_ms)
end

-- position, when he came last; nil for one who isn't known.
local function read(text)
  local position, seen_at_ms = text:match('^(%S+) (%d+)$')
  return position, tonumber(seen_at_ms)
end

-- Has who stands at `position` more events than who stands at `other`?
function consumers.is_further(position, other)
  local entry, k = position:match('^(%d+-%d+)-?(%d*)$')
  local other_entry, other_k = other:match('^(%d+-%d+)-?(%d*)$')
  if entry == other_entry then
    return (tonumber(k) or math.huge) > (tonumber(other_k) or math.huge)
  end
  return stream_ids.is_later(entry, other_entry)
end

function consumers.position(name)
  local text = redis.call('HGET', keys.consumers, name)
  return text and read(text)
end

-- Calls visit(name, position, when he came last) for each; forgets those who don't come any more.
function consumers.each(visit)
  local all = redis.call('HGETALL', keys.consumers)
  for at = 1, #all, 2 do
    local position, seen_at_ms = read(all[at + 1])
    if clock.now_ms - seen_at_ms > LIFETIME_MS then
      redis.call('HDEL', keys.consumers, all[at])
    else
      visit(all[at], position, seen_at_ms)
    end
  end
end

-- Up to which entry everything may go as far as the consumers are concerned: the older of that and `id`.
function consumers.hold(id)
  consumers.each(function(_, position)
    local had = position:match('^%d+-%d+$') and position or stream_ids.before(position)
    id = stream_ids.older(id, had)
  end)
  return id
end
