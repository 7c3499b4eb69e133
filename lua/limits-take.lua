#!lua
-- Counts requests against the buckets of those who made them, looks into buckets, or gives back. Many at once; those of
-- one bucket and kind come as one group. A caller's window begins with his first request and ends `window` later,
-- whatever he does; what is refused is not counted.
--
-- Asked also while the journal is closed or full: the counts are no part of the data.
--
-- KEYS[2]  invited:{p}:   p = partition of the callers; on a single Redis any
-- ARGV     five for each group:
--   1      bucket, such as 'accept'
--   2      '1' takes one, '0' only looks, '-1' gives one back
--   3      how many a window holds
--   4      the window, ms
--   5      who, with single spaces between them; one who comes twice is counted twice
--
-- Replies: {'taken', now in ms, for each group: '<count> <end of the window, ms>' for each, with spaces between them}
--   A count beyond the maximum says that it was refused; of one who has not taken any it is 0.
-- Two HMGET a group, an HSET where something was taken, two HDEL where all was given back.

--! include clock
--! include keys

local ARGUMENTS = 5

-- The hashes of a bucket are named after the window of the clock in which something was first put into them. A caller's
-- window that began in the last one may still be running; one from before that has ended.
local function hashes_of(bucket, window_ms)
  local number = math.floor(clock.now_ms / window_ms)
  return keys.limits(bucket, number), keys.limits(bucket, number - 1), keys.limits(bucket, number - 2)
end

-- What is written into a hash that isn't there yet, and when that goes by itself: only where nobody comes any more to
-- take it away in passing (UNLINK), which doesn't hold up anybody however large it is.
local function begin_hash(current, ended, window_ms)
  if redis.call('EXISTS', current) == 0 then
    redis.call('UNLINK', ended)
    return math.floor(clock.now_ms / window_ms + 4) * window_ms
  end
end

local function take(bucket, points, limit, window_ms, text)
  local callers, count = {}, 0
  for caller in text:gmatch('%S+') do
    count = count + 1
    callers[count] = caller
  end
  local current, last, ended = hashes_of(bucket, window_ms)
  local found = redis.call('HMGET', current, unpack(callers))
  local older = redis.call('HMGET', last, unpack(callers))

  -- What this group has made of a caller's entry.
  local made = {}
  local now_ms, end_of_new = clock.now_ms, string.format('%d', clock.now_ms + window_ms)
  local fresh, first = ' ' .. end_of_new, '1 ' .. end_of_new
  local replies = {}
  for at = 1, count do
    local caller = callers[at]
    local entry = made[caller] or found[at] or older[at]
    local taken, rest
    if entry then
      local number, ends = entry:match('^(%d+)( %d+)$')
      if tonumber(ends) > now_ms then
        taken, rest = tonumber(number), ends
      end
    end
    if not taken then
      -- A window begins, unless there is nothing to be counted.
      if points > 0 then
        made[caller], replies[at] = first, first
      else
        replies[at] = '0' .. fresh
      end
    elseif points > 0 and taken >= limit then
      replies[at] = (limit + 1) .. rest
    else
      taken = math.max(0, taken + points)
      replies[at] = taken .. rest
      if points ~= 0 then
        made[caller] = replies[at]
      end
    end
  end

  local put, gone = {}, {}
  for caller, entry in pairs(made) do
    if entry:sub(1, 2) == '0 ' then
      gone[#gone + 1] = caller
    else
      put[#put + 1], put[#put + 2] = caller, entry
    end
  end
  if #gone > 0 then
    redis.call('HDEL', current, unpack(gone))
    redis.call('HDEL', last, unpack(gone))
  end
  if #put > 0 then
    local expires_at_ms = begin_hash(current, ended, window_ms)
    redis.call('HSET', current, unpack(put))
    if expires_at_ms then
      redis.call('PEXPIREAT', current, string.format('%d', expires_at_ms))
    end
  end
  return table.concat(replies, ' ')
end

local replies = { 'taken', clock.now_ms }
for at = 1, #ARGV, ARGUMENTS do
  replies[#replies + 1] =
    take(ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4])
end
return replies
