#!lua
-- Ends invites of one journal that have expired, oldest first.
--
-- KEYS[2]  invited:{p}:   any partition of the journal
-- ARGV[1]  how many at most, 1-1000
--
-- Replies: {'swept', how many, how many endings are under way (lib/endings.lua)}
-- Writes INVITE_DELETE (expired) for each, once: whoever takes an invite out of the index announces it.
-- O(ARGV[1] · log invites).

--! include gate
--! include room
--! include clock
--! include keys
--! include packed
--! include invites

local limit = tonumber(ARGV[1])
assert(limit >= 1 and limit <= 1000, 'out of range')

local due = redis.call('ZRANGEBYSCORE', keys.expiring, '-inf', clock.now_ms, 'LIMIT', 0, limit)
for _, member in ipairs(due) do
  -- Enough to end an invite whose record has gone already.
  local partition, code, guild_id, channel_id = member:match('^(%d+) (%S+) (%S+) (%S+)$')
  keys.enter(keys.of_partition(partition))
  guild_id = packed.or_empty(guild_id)
  local invite = {
    code = code,
    type = guild_id ~= '' and invites.GUILD or invites.GROUP_DM,
    guild_id = guild_id,
    channel_id = channel_id,
  }
  local record = invites.record(code)
  if record and (record.target_id or invites.is_live(record)) then
    -- The code was given anew after the record had gone: announce the old invite, leave the new one alone.
    redis.call('ZREM', keys.expiring, member)
    invites.announce_end(invite, 'expired', '')
  else
    invites.finish(invite, 'expired', '')
  end
end
return { 'swept', #due, redis.call('HLEN', keys.endings) }
