#!lua
-- Ends some of the invites of a channel, guild or group DM that was deleted.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild or group DM
-- ARGV[1]  'guild:<id>', 'channel:<guild>:<id>' or 'group-dm:<id>'
-- ARGV[2]  how many invites to look at, at most, 1-1000; more where a guild has several of one and the same moment
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

local by, after = endings.read(entity)
if not by then
  return { 'done' }
end

local kind, place_id, channel_id = entity:match('^([a-z-]+):(%d+):?(%d*)$')
local place = { key = kind == 'group-dm' and keys.group_dm(place_id) or keys.guild(place_id) }

-- Ends those of them that belong to what was deleted.
local function finish(codes, reason)
  for _, code in ipairs(codes) do
    local invite = invites.record(code)
    if invites.is_of(invite, place) and (channel_id == '' or invite.channel_id == channel_id) then
      if invites.is_live(invite) then
        invites.finish(invite, reason, by)
      else
        invites.finish(invite, 'expired', '')
      end
    end
  end
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
  local some = redis.call('ZRANGEBYSCORE', listed, after, '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
  local last = some[#some]
  if last then
    -- All of one moment, so that the next step can begin behind it.
    finish(redis.call('ZRANGEBYSCORE', listed, after, last), 'channel_deleted')
    if #some == 2 * limit then
      endings.note(entity, by, '(' .. last)
      return { 'more' }
    end
  end
end
endings.finish(entity)
return { 'done' }
