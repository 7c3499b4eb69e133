#!lua
-- Counts requests against the buckets of those who made them, looks into buckets, or gives back. Many at once; those of
-- one bucket and kind come as one group. A caller's window begins with his first request and ends `window` later,
-- whatever he does; what is refused is not counted.
--
-- Asked also while the journal is closed or full: the counts are no part of the data.
--
-- KEYS[2]  invited:{p}:   p = partition of the callers; on a single Redis any
-- ARGV     seven for each group:
--   1      bucket, such as 'accept'
--   2      '1' takes one, '0' only looks, '-1' gives one back
--   3      how many a window holds
--   4      the window, ms
--   5      another bucket, to be looked into as well; '' for none
--   6      its window, ms; 0 for none
--   7      who, with single spaces between them; one who comes twice is counted twice. In the other bucket he goes by
--          what is before the first '|'
--
-- Replies: {'taken', now in ms, for each group a text of a word for each who}
--   '=' like the word before it, or '<count>:<end of the window, ms>' and, with another bucket, the same of that behind
--   a ':'. A count beyond the maximum says that it was refused; of one who has not taken any it is 0.
-- Two HMGET a group, and two of the other bucket if anybody is in it; an HSET where something was taken, two HDEL where
-- all was given back.

--! include clock
--! include keys

local ARGUMENTS = 7

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
  if entry then
    local count, ends_at_ms = entry:match('^(%d+):(%d+)$')
    if tonumber(ends_at_ms) > clock.now_ms then
      return tonumber(count), ends_at_ms
    end
  end
end

local function end_of_new(window_ms)
  return string.format('%d', clock.now_ms + window_ms)
end

-- Takes, looks or gives back; for each caller his entry as it is now.
local function count(bucket, points, limit, window_ms, callers)
  local found, older, current, last = read(bucket, window_ms, callers)
  local ends_at_ms = end_of_new(window_ms)
  local none, first = '0:' .. ends_at_ms, '1:' .. ends_at_ms
  local entries, made = {}, {}
  for at, caller in ipairs(callers) do
    local taken, ends = running(made[caller] or found[at] or older[at])
    local entry
    if not taken then
      entry = points > 0 and first or none
      made[caller] = points > 0 and entry or nil
    elseif points > 0 and taken >= limit then
      entry = (limit + 1) .. ':' .. ends
    else
      entry = math.max(0, taken + points) .. ':' .. ends
      made[caller] = points ~= 0 and entry or made[caller]
    end
    entries[at] = entry
  end

  local put, gone = {}, {}
  for caller, entry in pairs(made) do
    if entry:sub(1, 2) == '0:' then
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
    local is_new = redis.call('EXISTS', current) == 0
    redis.call('HSET', current, unpack(put))
    if is_new then
      local number = math.floor(clock.now_ms / window_ms)
      -- UNLINK doesn't hold anybody up, however large it is; by itself it would go only where nobody comes any more.
      redis.call('UNLINK', keys.limits(bucket, number - 2))
      redis.call('PEXPIREAT', current, string.format('%d', (number + 4) * window_ms))
    end
  end
  return entries
end

-- Adds how each caller stands in another bucket.
local function add_other(entries, bucket, window_ms, callers)
  local none = ':0:' .. end_of_new(window_ms)
  local number = math.floor(clock.now_ms / window_ms)
  if redis.call('EXISTS', keys.limits(bucket, number), keys.limits(bucket, number - 1)) == 0 then
    for at = 1, #entries do
      entries[at] = entries[at] .. none
    end
    return
  end
  local names = {}
  for at, caller in ipairs(callers) do
    names[at] = caller:match('^[^|]+')
  end
  local found, older = read(bucket, window_ms, names)
  for at = 1, #entries do
    local taken, ends = running(found[at] or older[at])
    entries[at] = entries[at] .. (taken and (':' .. taken .. ':' .. ends) or none)
  end
end

local replies = { 'taken', clock.now_ms }
for at = 1, #ARGV, ARGUMENTS do
  local callers, number = {}, 0
  for caller in ARGV[at + 6]:gmatch('%S+') do
    number = number + 1
    callers[number] = caller
  end
  local entries = count(ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), callers)
  if ARGV[at + 4] ~= '' then
    add_other(entries, ARGV[at + 4], tonumber(ARGV[at + 5]), callers)
  end
  local before
  for place, entry in ipairs(entries) do
    if entry == before then
      entries[place] = '='
    end
    before = entry
  end
  replies[#replies + 1] = table.concat(entries, ' ')
end
return replies
