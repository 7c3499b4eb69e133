#!lua
-- Ends some of the invites of a channel, guild or group DM that was deleted.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild or group DM
-- ARGV[1]  'guild:<id>', 'channel:<guild>:<id>' or 'group-dm:<id>'
-- ARGV[2]  how many invites to look at, at most, 1-1000
--
-- Replies: {'more'} · {'done'} (also where nothing is under way)
-- Writes INVITE_DELETE for each: guild_deleted or channel_deleted, or expired where that came first.
-- O(ARGV[2] · log invites). Sent twice, the second goes on where the first ended.

--! include gate
--! include room
--! include clock
--! include keys
--! include invites
--! include endings

local entity, limit = ARGV[1], tonumber(ARGV[2])
assert(limit >= 1 and limit <= 1000, 'out of range')

local by, score, seen = endings.read(entity)
if not by then
  return { 'done' }
end

local kind, place_id, channel_id = entity:match('^([a-z-]+):(%d+):?(%d*)$')
local place = { key = kind == 'group-dm' and keys.group_dm(place_id) or keys.guild(place_id) }

-- Ends those of them that belong to what was deleted; returns the last that does not, or nil.
local function finish(codes, reason)
  local last
  for _, code in ipairs(codes) do
    local invite = invites.record(code)
    if invites.is_of(invite, place) and (channel_id == '' or invite.channel_id == channel_id) then
      if invites.is_live(invite) then
        invites.finish(invite, reason, by)
      else
        invites.finish(invite, 'expired', '')
      end
    else
      last = code
    end
  end
  return last
end

if channel_id == '' then
  local aside = place.key .. ':ending'
  local codes = redis.call('ZRANGE', aside, 0, limit - 1)
  finish(codes, kind == 'guild' and 'guild_deleted' or 'channel_deleted')
  if #codes > 0 then
    redis.call('ZREM', aside, unpack(codes))
  end
  if redis.call('EXISTS', aside) == 1 then
    return { 'more' }
  end
else
  local listed = place.key .. ':invites'
  local from = 0
  if score ~= '-' then
    local rank = redis.call('ZRANK', listed, seen)
    -- It ended meanwhile? Then from the first of its moment on.
    from = rank and rank + 1 or redis.call('ZCOUNT', listed, '-inf', '(' .. score)
  end
  local codes = redis.call('ZRANGE', listed, from, from + limit - 1)
  local last = finish(codes, 'channel_deleted')
  if #codes == limit then
    -- Without one that stays the next step begins where this one did: what was there has gone.
    if last then
      endings.note(entity, by, redis.call('ZSCORE', listed, last), last)
    end
    return { 'more' }
  end
end
endings.finish(entity)
return { 'done' }
