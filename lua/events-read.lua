#!lua flags=no-writes
-- Reads on in the events of a journal.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  id of the entry to read behind, '' for the oldest that is kept
-- ARGV[2]  '1' to begin with that entry itself
-- ARGV[3]  how many events are enough, 1-10000: entries hold one or many, and come whole
--
-- Replies: {'expired'} (entries behind ARGV[1] are gone) · {'read', id up to which entries are gone or '',
--   entries as XRANGE gives them}

--! include gate
--! include keys
--! include stream-ids

local after, with_itself, enough = ARGV[1], ARGV[2] == '1', tonumber(ARGV[3])
assert(enough >= 1 and enough <= 10000, 'out of range')

-- Entries read by one command; of a line of packed joins, the words before its users.
local STEP, WORDS_BEFORE_USERS = 16, 7

-- As journal.joins writes it: the lines come last.
local function count_of(fields)
  if fields[#fields - 1] ~= 'joins' then
    return 1
  end
  local joins = fields[#fields]
  local _, separators = joins:gsub('[ \n]', '%0')
  local _, line_breaks = joins:gsub('\n', '%0')
  return math.max(1, separators + 1 - WORDS_BEFORE_USERS * (line_breaks + 1))
end

local trimmed_to = redis.call('GET', keys.trimmed) or ''
if after ~= '' and trimmed_to ~= ''
  and (stream_ids.is_later(trimmed_to, after) or (with_itself and trimmed_to == after)) then
  return { 'expired' }
end

local entries, events = {}, 0
local from = after == '' and '-' or (with_itself and after or '(' .. after)
while events < enough do
  local some = redis.call('XRANGE', keys.events, from, '+', 'COUNT', STEP)
  for _, entry in ipairs(some) do
    if events >= enough then
      break
    end
    entries[#entries + 1] = entry
    events = events + count_of(entry[2])
  end
  if #some < STEP then
    break
  end
  from = '(' .. some[STEP][1]
end
return { 'read', trimmed_to, entries }
