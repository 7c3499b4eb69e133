#!lua
-- Counts requests against the buckets of those who made them, looks into buckets, or gives back. Many at once; those of
-- one bucket and kind come as one group. A caller's window begins with his first request and ends `window` later,
-- whatever he does; what is refused is not counted.
--
-- Asked also while the journal is closed or full: the counts are no part of the data.
--
-- KEYS[2]  invited:{p}:   p = partition of the callers; on a single Redis any
-- ARGV     eight for each group:
--   1      bucket, such as 'accept'
--   2      '1' takes one, '0' only looks, '-1' gives one back
--   3      how many a window holds
--   4      the window, ms
--   5      another bucket, to be looked into as well; '' for none
--   6      its window, ms; 0 for none
--   7      who, each once, with single spaces between them. In the other bucket he goes by what is before the first '|'
--   8      how many times each, likewise; '' if all of them once
--
-- Replies: {'counted', now in ms, for each group two texts: who had taken something before, in it and in the other
--   bucket: a word for each, `<his place in the group, from 1>:<how many>:<end of his window, ms>`}
--   Whoever asks takes from there on, until his window is full. All others had taken nothing: their windows end after
--   `window`.
-- Two HMGET a group, and two of the other bucket if anybody is in it; an HSET where something was taken, two HDEL where
-- all was given back.

--! include clock
--! include keys

local ARGUMENTS = 8

local function words(text)
  local found, number = {}, 0
  for word in text:gmatch('%S+') do
    number = number + 1
    found[number] = word
  end
  return found
end

-- The entries of some callers, `<count>:<end of the window, ms>`, as they are in the current and the last hash of a
-- bucket, and those two. Hashes are named after the window of the clock in which something was put into them: a
-- caller's window that began in the last one may still be running, one from before that has ended.
local function read(bucket, window_ms, callers)
  local number = math.floor(clock.now_ms / window_ms)
  local current, last = keys.limits(bucket, number), keys.limits(bucket, number - 1)
  local found = redis.call('HMGET', current, unpack(callers))
  return found, redis.call('HMGET', last, unpack(callers)), current, last
end

-- The count and end of a window that is still running.
local function running(entry)
  local count, ends_at_ms = entry:match('^(%d+):(%d+)$')
  if tonumber(ends_at_ms) > clock.now_ms then
    return tonumber(count), ends_at_ms
  end
end

-- A hash expires by itself only where nobody comes any more. Else whoever begins a new one takes the old one away by
-- UNLINK, which holds nobody up, however large it is.
local function put(entries, current, bucket, window_ms)
  local is_new = redis.call('EXISTS', current) == 0
  redis.call('HSET', current, unpack(entries))
  if is_new then
    local number = math.floor(clock.now_ms / window_ms)
    redis.call('UNLINK', keys.limits(bucket, number - 2))
    redis.call('PEXPIREAT', current, string.format('%d', (number + 4) * window_ms))
  end
end

-- Takes, looks or gives back; who had taken something before.
local function count(bucket, points, limit, window_ms, callers, times)
  local found, older, current, last = read(bucket, window_ms, callers)
  local end_of_new = ':' .. string.format('%d', clock.now_ms + window_ms)
  local first = '1' .. end_of_new
  local before, changed, gone = {}, {}, {}
  for at = 1, #callers do
    local entry = found[at] or older[at]
    local taken, ends_at_ms
    if entry then
      taken, ends_at_ms = running(entry)
    end
    if taken then
      before[#before + 1] = at .. ':' .. taken .. ':' .. ends_at_ms
      local now_taken = math.min(limit, taken + points * (times and tonumber(times[at]) or 1))
      if now_taken < 1 then
        gone[#gone + 1] = callers[at]
      elseif now_taken ~= taken then
        changed[#changed + 1] = callers[at]
        changed[#changed + 1] = now_taken .. ':' .. ends_at_ms
      end
    elseif points > 0 then
      changed[#changed + 1] = callers[at]
      changed[#changed + 1] = times and math.min(limit, tonumber(times[at])) .. end_of_new or first
    end
  end
  if #gone > 0 then
    redis.call('HDEL', current, unpack(gone))
    redis.call('HDEL', last, unpack(gone))
  end
  if #changed > 0 then
    put(changed, current, bucket, window_ms)
  end
  return table.concat(before, ' ')
end

-- Who has taken something of a bucket.
local function look(bucket, window_ms, callers)
  local number = math.floor(clock.now_ms / window_ms)
  if redis.call('EXISTS', keys.limits(bucket, number), keys.limits(bucket, number - 1)) == 0 then
    return ''
  end
  local names = {}
  for at = 1, #callers do
    names[at] = callers[at]:match('^[^|]+')
  end
  local found, older = read(bucket, window_ms, names)
  local taken_some = {}
  for at = 1, #names do
    local entry = found[at] or older[at]
    if entry then
      local taken, ends_at_ms = running(entry)
      if taken then
        taken_some[#taken_some + 1] = at .. ':' .. taken .. ':' .. ends_at_ms
      end
    end
  end
  return table.concat(taken_some, ' ')
end

local replies = { 'counted', clock.now_ms }
for at = 1, #ARGV, ARGUMENTS do
  local callers = words(ARGV[at + 6])
  local times = ARGV[at + 7] ~= '' and words(ARGV[at + 7])
  local points, limit, window_ms = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local beside = ARGV[at + 4]
  replies[#replies + 1] = count(ARGV[at], points, limit, window_ms, callers, times)
  replies[#replies + 1] = beside == '' and '' or look(beside, tonumber(ARGV[at + 5]), callers)
end
return replies
