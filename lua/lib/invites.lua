-- Invite records, their indexes, and the one way an invite ends.
-- A record is either an invite (it has channel_id) or a pointer (it has target_id), which leads from the code's own
-- partition to the guild that holds a vanity or imported code.

--! include clock
--! include keys
--! include packed
--! include records
--! include journal
--! include guilds
--! include group-dms

local invites = {
  GUILD = 0,
  GROUP_DM = 1,
  -- Bits of `flags`; VANITY is in replies only.
  TEMPORARY = 1,
  PAUSED = 2,
  VANITY = 4,
}

-- How long a record outlives its invite, so that the sweeper can still read what it announces.
local AFTERLIFE_MS = 60000
-- The channel type of a category.
local CATEGORY = '4'
-- What a pointer begins with, and no invite.
local POINTER = '>'

-- An invite or a pointer from its record (README.md, Packed records), or nil for none. What is only shown of an invite
-- is read when it is asked for.
function invites.parse(code, text)
  if not text then
    return nil
  end
  if text:sub(1, 1) == POINTER then
    local target_id, token, claimed_at_ms = text:match('^> (%d+) (%S+) (%d+)$')
    return { code = code, target_id = target_id, token = token, claimed_at_ms = tonumber(claimed_at_ms) }
  end
  local uses, guild_id, channel_id, inviter_id, expires_at_ms, max_uses, flags, revision, rest_at =
    text:match('^(%d+) (%S+) (%d+) (%S+) (%S+) (%d+) (%d+) (%S+) ()')
  assert(uses, 'a broken invite')
  return { code = code, type = guild_id == '-' and invites.GROUP_DM or invites.GUILD,
    guild_id = packed.or_empty(guild_id), channel_id = channel_id, inviter_id = packed.or_empty(inviter_id),
    expires_at_ms = packed.or_empty(expires_at_ms), max_uses = tonumber(max_uses), uses = tonumber(uses),
    flags = tonumber(flags), revision = revision, text = text, rest_at = rest_at }
end

local function read_record(code, key)
  return invites.parse(code, redis.call('GET', key))
end

-- The record of a code, or nil.
function invites.record(code)
  return records.read(keys.invite(code), read_record, code)
end

-- Puts beside them the rest of an invite's fields.
function invites.read_details(invite)
  if not invite.version then
    invite.created_at_ms, invite.max_age_s, invite.version = invite.text:match('^(%d+) (%d+) (%d+)$', invite.rest_at)
  end
  return invite
end

-- Writes down the uses of an invite.
function invites.write_uses(invite)
  packed.write_number(keys.invite(invite.code), packed.FIRST, invite.uses)
end

-- Expired if and only if now >= expires_at_ms.
function invites.is_live(invite)
  return invite.expires_at_ms == '' or clock.now_ms < tonumber(invite.expires_at_ms)
end

function invites.has(invite, flag)
  return bit.band(invite.flags, flag) ~= 0
end

-- The guild or group DM that a live invite leads to, or nil where it is gone.
function invites.place(invite)
  if invite.type == invites.GUILD then
    return guilds.read(invite.guild_id)
  end
  return group_dms.read(invite.channel_id)
end

-- Where a new invite to a channel would lead: the guild or group DM, or nil where it or the channel is unknown; and
-- whether the channel is a category, to which nobody can be invited.
function invites.place_of_channel(guild_id, channel_id)
  if guild_id == '' then
    return group_dms.read(channel_id), false
  end
  local guild = guilds.read(guild_id)
  local rule = guild and redis.call('HGET', guild.key .. ':channels', channel_id)
  if not rule then
    return nil, false
  end
  return guild, rule:match('^%d+') == CATEGORY
end

local function place_key(invite)
  if invite.type == invites.GUILD then
    return keys.guild(invite.guild_id)
  end
  return keys.group_dm(invite.channel_id)
end

-- What stands in the journal's expiry index: enough for an event even when the record is gone.
local function expiry_member(invite)
  return table.concat({ keys.partition(), invite.code, packed.or_none(invite.guild_id), invite.channel_id }, ' ')
end

-- What a code leads to, seen from here. `followed` is the guild that a pointer named, '' at the first look-up.
-- Returns 'invite', record · 'vanity', guild · 'pointer', target id · nil. A pointer counts only while its target
-- names the code.
function invites.find(code, followed)
  local record = invites.record(code)
  if record and record.channel_id then
    if not invites.is_live(record) then
      return nil
    end
    return 'invite', record
  end
  if followed == '' then
    if record then
      return 'pointer', record.target_id
    end
    return nil
  end
  local guild = guilds.read(followed)
  if guild and guilds.read_vanity(guild).vanity_code == code then
    return 'vanity', guild
  end
  return nil
end

-- How many invites of a place are live now; `place` is a guild or a group DM.
function invites.live_count(place)
  return redis.call('ZCARD', place.key .. ':invites')
    - redis.call('ZCOUNT', place.key .. ':expiring', '-inf', clock.now_ms)
end

-- Codes of a place, newest first, expired ones included.
function invites.codes(place)
  return redis.call('ZREVRANGE', place.key .. ':invites', 0, -1)
end

-- Stores a record, as long as it is of use; `expires_at_ms` '' for ever.
function invites.set(key, text, expires_at_ms)
  if expires_at_ms == '' then
    redis.call('SET', key, text)
  else
    redis.call('SET', key, text, 'PXAT', string.format('%.0f', expires_at_ms + AFTERLIFE_MS))
  end
end

-- Stores the record of an invite as its next revision, and when it expires. The time it had before must not stand in
-- the indexes any more if it now never does (forget_expiry).
function invites.store(invite)
  invite.revision = clock.stamp
  local text = table.concat({ packed.number(invite.uses), packed.or_none(invite.guild_id), invite.channel_id,
    packed.or_none(invite.inviter_id), invite.expires_at_ms == '' and '-' or packed.whole(invite.expires_at_ms),
    invite.max_uses, invite.flags, invite.revision, packed.whole(invite.created_at_ms), invite.max_age_s,
    invite.version }, ' ')
  invites.set(keys.invite(invite.code), text, invite.expires_at_ms)
  if invite.expires_at_ms ~= '' then
    redis.call('ZADD', place_key(invite) .. ':expiring', invite.expires_at_ms, invite.code)
    redis.call('ZADD', keys.expiring, invite.expires_at_ms, expiry_member(invite))
  end
end

-- Stores a new invite and its index entries. `order` is its place in the lists, in microseconds.
function invites.add(invite, order)
  invites.store(invite)
  redis.call('ZADD', place_key(invite) .. ':invites', string.format('%.0f', order), invite.code)
end

-- Stores a pointer to the guild or group DM that a code belongs to.
function invites.point(code, target_id, token, claimed_at_ms)
  redis.call('SET', keys.invite(code), table.concat({ POINTER, target_id, token, claimed_at_ms }, ' '))
end

-- Takes an invite out of the indexes of what expires.
function invites.forget_expiry(invite)
  redis.call('ZREM', place_key(invite) .. ':expiring', invite.code)
  redis.call('ZREM', keys.expiring, expiry_member(invite))
end

-- Takes an invite out of every index.
function invites.forget(invite)
  redis.call('DEL', keys.invite(invite.code))
  redis.call('ZREM', place_key(invite) .. ':invites', invite.code)
  invites.forget_expiry(invite)
end

-- What invites show of their channel, '' where the directory doesn't know it. Read once for an invite.
local function channel_json(invite, place)
  if invite.type == invites.GROUP_DM then
    return place.json
  end
  invite.channel_json = invite.channel_json or invite.channel_id ~= ''
    and redis.call('HGET', place.key .. ':channel-json', invite.channel_id) or ''
  return invite.channel_json
end

-- Writes INVITE_CREATE or INVITE_UPDATE: all that is shown of the invite, but for the names of users.
function invites.announce(type, invite, place)
  invites.read_details(invite)
  local is_guild = invite.type == invites.GUILD
  journal.event(journal.next(), type, invite.guild_id, invite.channel_id, 'code', invite.code,
    'inviter_id', invite.inviter_id, 'created_at_ms', invite.created_at_ms, 'expires_at_ms', invite.expires_at_ms,
    'max_age_s', invite.max_age_s, 'max_uses', invite.max_uses, 'uses', invite.uses, 'flags', invite.flags,
    'version', invite.version, 'guild', is_guild and guilds.json(place) or '', 'channel', channel_json(invite, place),
    'recipients', is_guild and '' or table.concat(group_dms.recipients(place), ' '))
end

-- `by` is a user id, '' for nobody.
function invites.announce_end(invite, reason, by)
  journal.event(journal.next(), 'INVITE_DELETE', invite.guild_id, invite.channel_id,
    'code', invite.code, 'reason', reason, 'by', by)
end

-- The end of an invite: record and index entries go, the event is written.
function invites.finish(invite, reason, by)
  invites.forget(invite)
  invites.announce_end(invite, reason, by)
end

-- Is this record an invite of that place? Its index may still name a code that expired, and was given to another since.
function invites.is_of(record, place)
  return record and record.channel_id and place_key(record) == place.key
end

-- Names all that is shown of an invite but what moves with its use; '' for a group DM's invite, which shows its
-- recipients and is told each time.
function invites.revision(invite, place)
  if invite.type == invites.GROUP_DM then
    return ''
  end
  return invite.revision .. '.' .. place.revision
end

-- The reply form of a revision, the same for every script (src/store/reply.ts reads it): revision, recipients of a
-- group DM, code, type, guild_id, channel_id, inviter_id, created_at_ms, expires_at_ms, max_age_s, max_uses, flags,
-- version, guild JSON, channel JSON. '' stands for none.
function invites.revision_row(invite, place)
  invites.read_details(invite)
  if invite.type == invites.GROUP_DM then
    return { '', group_dms.recipients(place), invite.code, invite.type, '', invite.channel_id, invite.inviter_id,
      invite.created_at_ms, invite.expires_at_ms, invite.max_age_s, invite.max_uses, invite.flags, invite.version,
      '', channel_json(invite, place) }
  end
  return { invites.revision(invite, place), {}, invite.code, invite.type, invite.guild_id, invite.channel_id,
    invite.inviter_id, invite.created_at_ms, invite.expires_at_ms, invite.max_age_s, invite.max_uses, invite.flags,
    invite.version, guilds.json(place), channel_json(invite, place) }
end

-- The reply form of an invite: uses, members, presences, and its revision row, unless the caller knows that revision.
function invites.row(invite, place, known_revision)
  local uses = packed.exact(invite.uses)
  local members, presences
  if invite.type == invites.GROUP_DM then
    members, presences = #group_dms.recipients(place), '0'
  else
    members, presences = packed.exact(guilds.member_count(place)), place.presence_count
  end
  if known_revision ~= '' and invites.revision(invite, place) == known_revision then
    return { uses, members, presences }
  end
  return { uses, members, presences, unpack(invites.revision_row(invite, place)) }
end

-- A guild's vanity as an invite: it never expires, has no cap and no inviter.
function invites.of_vanity(guild)
  return { code = guild.vanity_code, type = invites.GUILD, guild_id = guild.id, channel_id = guild.landing_channel_id,
    inviter_id = '', created_at_ms = guild.vanity_created_at_ms, expires_at_ms = '', max_age_s = '0',
    max_uses = 0, uses = guild.vanity_uses, flags = invites.VANITY, version = guild.vanity_version,
    revision = 'v' .. guild.vanity_version }
end
