#!lua flags=no-writes
-- Lists the live invites of a guild, of one of its channels, or of a group DM, newest first, without the vanity.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild or group DM
-- ARGV[1]  guild id, '' for a group DM
-- ARGV[2]  channel id, '' for the whole guild
-- ARGV[3]  caller: user id
-- ARGV[4]  caller: '1' for a service
-- ARGV[5]  caller: claimed permission bits, '' if none were claimed
-- ARGV[6]  how many at most, '' for all
-- ARGV[7]  only those behind this one: '' for all, else a cursor of an earlier page, or the code of a live one
--
-- Replies: {'unknown_guild'} · {'unknown_channel'} · {'missing_permissions'} · {'unknown_cursor'}
--   · {'listed', rows, cursor of the next page or '' if there are no more}
-- O(invites that it passes), at most those of the guild, which the limit bounds. A cursor is `<place in the list, in
-- microseconds>_<code>`, so that it stays right when its invite has ended: no code has an underscore.

--! include gate
--! include guilds
--! include group-dms
--! include invites
--! include permissions

-- Codes that are read at once.
local CHUNK = 128

local guild_id, channel_id, limit, after = ARGV[1], ARGV[2], tonumber(ARGV[6]), ARGV[7]
assert(not limit or limit >= 1, 'out of range')
local caller = permissions.caller(ARGV[3], ARGV[4], ARGV[5])

local place
if guild_id ~= '' then
  place = guilds.read(guild_id)
  if channel_id == '' then
    if not place then
      return { 'unknown_guild' }
    end
    if not permissions.in_guild(place, caller, permissions.MANAGE_GUILD) then
      return { 'missing_permissions' }
    end
  else
    if not place or redis.call('HEXISTS', place.key .. ':channels', channel_id) == 0 then
      return { 'unknown_channel' }
    end
    if not permissions.in_channel(place, channel_id, caller, permissions.MANAGE_CHANNELS) then
      return { 'missing_permissions' }
    end
  end
else
  place = group_dms.read(channel_id)
  if not place or not (caller.is_service or group_dms.is_recipient(place, caller.user_id)) then
    return { 'unknown_channel' }
  end
  if not (caller.is_service or caller.user_id == place.owner_id) then
    return { 'missing_permissions' }
  end
end

local function is_listed(invite)
  return invites.is_of(invite, place) and (channel_id == '' or invite.channel_id == channel_id)
    and invites.is_live(invite)
end

-- In this order Redis keeps codes of one score; Lua's own goes by the language of the machine.
local function is_smaller(code, other)
  for at = 1, math.min(#code, #other) do
    local byte, other_byte = code:byte(at), other:byte(at)
    if byte ~= other_byte then
      return byte < other_byte
    end
  end
  return #code < #other
end

local list_key = place.key .. ':invites'
local after_score, after_code
if after ~= '' then
  after_score, after_code = after:match('^(%d+)_(.+)$')
  if not after_score and is_listed(invites.record(after)) then
    after_score, after_code = redis.call('ZSCORE', list_key, after), after
  end
  if not after_score then
    return { 'unknown_cursor' }
  end
  after_score = tonumber(after_score)
end

local rows, last_cursor = {}, ''
-- The newer ones are passed by their number, those of the same moment one by one.
local at = after_score and redis.call('ZCOUNT', list_key, string.format('(%.0f', after_score), '+inf') or 0
while true do
  local chunk = redis.call('ZREVRANGE', list_key, at, at + CHUNK - 1, 'WITHSCORES')
  for index = 1, #chunk, 2 do
    local code, score = chunk[index], tonumber(chunk[index + 1])
    if not after_score or score < after_score or is_smaller(code, after_code) then
      local invite = invites.record(code)
      if is_listed(invite) then
        if #rows == limit then
          return { 'listed', rows, last_cursor }
        end
        rows[#rows + 1] = invites.row(invite, place, '')
        last_cursor = string.format('%.0f_%s', score, code)
      end
    end
  end
  if #chunk < 2 * CHUNK then
    return { 'listed', rows, '' }
  end
  at = at + CHUNK
end
