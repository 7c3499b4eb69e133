#!lua
-- Prepares a journal for a restore: raises its seq, and notes what its events tell that Postgres hasn't got. To be
-- called again until it has looked at all of them.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  the largest seq that Postgres knows, of any journal
-- ARGV[2]  id of the last entry to have been looked at, at first of the last that Postgres has; '' for none
-- ARGV[3]  how many entries at most, 1-1000
-- ARGV[4]  holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'begun', 1 if there is anything, else 0, id of the last entry, '' if
--   there are no more}. Sent twice, the second changes nothing.

--! include closed
--! include keys

local least_seq, after, entries_max = ARGV[1], ARGV[2], tonumber(ARGV[3])
assert(entries_max >= 1 and entries_max <= 1000, 'out of range')

local seq = redis.call('GET', keys.seq)
local entries = redis.call('XRANGE', keys.events, after == '' and '-' or '(' .. after, '+', 'COUNT', entries_max)

local function note(entity)
  redis.call('SADD', keys.newer, entity)
end

-- README.md, Events. Whoever joined has no mark, nor has the invite's use.
local function note_joins(lines)
  for line in lines:gmatch('[^\n]+') do
    local code, guild_id, channel_id, users = line:match('^(%S+) (%S+) (%S+) %S+ %S+ %S+ %S+ (.*)$')
    note('invite:' .. code)
    if guild_id == '-' then
      note('group-dm:' .. channel_id)
    else
      for user_id in users:gmatch('%d+') do
        note('member:' .. guild_id .. ':' .. user_id)
      end
    end
  end
end

for _, entry in ipairs(entries) do
  local fields = {}
  for at = 1, #entry[2], 2 do
    fields[entry[2][at]] = entry[2][at + 1]
  end
  if fields.joins then
    note_joins(fields.joins)
  elseif fields.type == 'MEMBER_REMOVE' then
    note('member:' .. fields.guild_id .. ':' .. fields.user_id)
  elseif fields.code then
    note('invite:' .. fields.code)
  end
end
if not seq or tonumber(seq) < tonumber(least_seq) then
  redis.call('SET', keys.seq, least_seq)
end
return { 'begun', seq and 1 or 0, #entries == entries_max and entries[#entries][1] or '' }
