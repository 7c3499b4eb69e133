#!lua
-- Lets a user in by an invite: the checks of the contract in their order, and all effects, in one step.
--
-- KEYS[1]  invited:{p}:seq   p = partition of the code, or of the guild that a pointer named
-- ARGV[1]  code
-- ARGV[2]  the guild that a pointer named, '' at the first look-up
-- ARGV[3]  user id
-- ARGV[4]  ban key of the client's address (IPv4, or prefix::/64), '' if unknown
--
-- Replies: {'unknown'} · {'pointer', target id} · {'invites_disabled'} · {'already', row} · {'banned'} · {'ip_banned'}
--   · {'guild_full'} · {'group_dm_full'} · {'accepted', row}; row as in lib/invites.lua.
-- Writes INVITE_ACCEPT, and INVITE_DELETE (exhausted) with the last use. O(log invites of the guild).
-- Sent twice, the second finds the user already in (or the invite gone): no second use.

--! include clock
--! include keys
--! include journal
--! include guilds
--! include group-dms
--! include invites

local code, followed, user_id, ban_key = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local kind, found = invites.find(code, followed)
if not kind then
  return { 'unknown' }
end
if kind == 'pointer' then
  return { 'pointer', found }
end

local is_vanity = kind == 'vanity'
local invite = is_vanity and invites.of_vanity(found) or found
local place = is_vanity and found or invites.place(found)
if not place then
  return { 'unknown' }
end
local is_guild = tonumber(invite.type) == invites.GUILD

if invites.has(invite, invites.PAUSED) or (is_guild and guilds.has(place, guilds.INVITES_DISABLED)) then
  return { 'invites_disabled' }
end

if is_guild then
  if guilds.is_member(place, user_id) then
    return { 'already', invites.row(invite, place) }
  end
  if redis.call('HEXISTS', place.key .. ':bans', user_id) == 1 then
    return { 'banned' }
  end
  if ban_key ~= '' and redis.call('HEXISTS', place.key .. ':ip-bans', ban_key) == 1 then
    return { 'ip_banned' }
  end
  if guilds.member_count(place) >= place.max_members then
    return { 'guild_full' }
  end
else
  if group_dms.is_recipient(place, user_id) then
    return { 'already', invites.row(invite, place) }
  end
  if group_dms.recipient_count(place) >= group_dms.RECIPIENTS_MAX then
    return { 'group_dm_full' }
  end
end

-- From here on only writes.
local is_temporary = is_guild and invites.has(invite, invites.TEMPORARY)
local seq = journal.next()
if is_guild then
  guilds.put_member(place, user_id, is_temporary and 't' or 'p')
  journal.mark(seq, 'member:' .. place.id .. ':' .. user_id)
  if place.told_member_count ~= '' then
    place.told_member_count = tonumber(place.told_member_count) + 1
    journal.mark(seq, 'guild:' .. place.id)
  end
else
  group_dms.add_recipient(place, user_id)
  journal.mark(seq, 'group-dm:' .. place.id)
end

local uses
if is_vanity then
  uses = redis.call('HINCRBY', place.key, 'vanity_uses', 1)
  journal.mark(seq, 'guild:' .. place.id)
else
  uses = redis.call('HINCRBY', keys.invite(code), 'uses', 1)
  journal.mark(seq, 'invite:' .. code)
end
invite.uses = uses

journal.event(seq, 'INVITE_ACCEPT', invite.guild_id, is_vanity and '' or invite.channel_id,
  'code', code, 'user_id', user_id, 'inviter_id', invite.inviter_id, 'uses', uses,
  'temporary', is_temporary and 1 or 0, 'vanity', is_vanity and 1 or 0)

local row = invites.row(invite, place)
local max_uses = tonumber(invite.max_uses)
if max_uses > 0 and uses >= max_uses then
  invites.finish(invite, 'exhausted', '')
end
return { 'accepted', row }
