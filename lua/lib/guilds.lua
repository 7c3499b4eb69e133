-- Guild records and memberships: reading them, counting them, ending a membership.

--! include keys
--! include packed
--! include records
--! include journal

local guilds = {
  -- Bits of `flags`.
  INVITES_DISABLED = 1,
  VANITY_URL = 2,
  -- Bits of `ban_kinds`: which hashes of bans there are, so that no accept has to look.
  USERS_BANNED = 1,
  ADDRESSES_BANNED = 2,
}

-- A guild from its record (README.md, Packed records), or nil for none. What only vanities need is read when it is
-- asked for.
function guilds.parse(guild_id, key, text)
  if not text then
    return nil
  end
  local told, vanity_uses, owner_id, flags, max_members, presence_count, ban_kinds, revision, rest_at =
    text:match('^(%S+) (%S+) (%d+) (%d+) (%d+) (%S+) (%d+) (%S+) ()')
  assert(told, 'a broken guild')
  return { id = guild_id, key = key, told_member_count = tonumber(told), vanity_uses = tonumber(vanity_uses),
    owner_id = owner_id, flags = tonumber(flags), max_members = tonumber(max_members),
    presence_count = packed.or_empty(presence_count), ban_kinds = tonumber(ban_kinds), revision = revision,
    text = text, rest_at = rest_at }
end

local function read_record(guild_id, key)
  return guilds.parse(guild_id, key, redis.call('GET', key))
end

-- The guild, or nil for an unknown one.
function guilds.read(guild_id)
  return records.read(keys.guild(guild_id), read_record, guild_id)
end

-- Puts beside them the rest of its fields.
function guilds.read_vanity(guild)
  if not guild.vanity_code then
    local born_seq, landing, version, code, created_at_ms, token =
      guild.text:match('^(%d+) (%S+) (%d+) (%S+) (%S+) (%S+)$', guild.rest_at)
    guild.born_seq, guild.landing_channel_id = born_seq, packed.or_empty(landing)
    guild.vanity_version, guild.vanity_code = tonumber(version), packed.or_empty(code)
    guild.vanity_created_at_ms, guild.vanity_token = packed.or_empty(created_at_ms), packed.or_empty(token)
  end
  return guild
end

-- A guild that nothing is known of yet; `born_seq` tells it from an earlier one of the same id.
function guilds.new(guild_id, born_seq)
  return { id = guild_id, key = keys.guild(guild_id), ban_kinds = 0, born_seq = born_seq, landing_channel_id = '',
    vanity_version = 0, vanity_code = '', vanity_created_at_ms = '', vanity_token = '' }
end

-- Stores all fields of a guild.
function guilds.write(guild)
  guilds.read_vanity(guild)
  redis.call('SET', guild.key, table.concat({ packed.number(guild.told_member_count),
    packed.number(guild.vanity_uses), guild.owner_id, guild.flags, packed.whole(guild.max_members),
    packed.or_none(guild.presence_count), guild.ban_kinds, guild.revision, guild.born_seq,
    packed.or_none(guild.landing_channel_id), guild.vanity_version, packed.or_none(guild.vanity_code),
    packed.or_none(guild.vanity_created_at_ms), packed.or_none(guild.vanity_token) }, ' '))
end

-- What invites show of the guild. Asked for only where a caller doesn't have this revision of it.
function guilds.json(guild)
  guild.json = guild.json or redis.call('GET', guild.key .. ':json')
  return guild.json
end

function guilds.members_key(guild)
  guild.members_key = guild.members_key or guild.key .. ':members'
  return guild.members_key
end

function guilds.exists(guild_id)
  return redis.call('EXISTS', keys.guild(guild_id)) == 1
end

function guilds.has(guild, flag)
  return bit.band(guild.flags, flag) ~= 0
end

-- How many members the guild has: what the host told, moved by what the engine saw since; else its own count.
function guilds.member_count(guild)
  guild.count = guild.count or guild.told_member_count or redis.call('HLEN', guilds.members_key(guild))
  return guild.count
end

function guilds.is_member(guild, user_id)
  return redis.call('HEXISTS', guild.key .. ':members', user_id) == 1
end

-- Moves a told count; without one the members themselves are counted.
local function move_told_count(guild, by)
  if guild.told_member_count then
    guild.told_member_count = math.min(math.max(0, guild.told_member_count + by), packed.LARGEST)
    packed.write_number(guild.key, packed.FIRST, guild.told_member_count)
  end
end

-- Writes down the uses of the guild's vanity.
function guilds.write_vanity_uses(guild, uses)
  packed.write_number(guild.key, packed.SECOND, uses)
end

-- Keeps in mind that a disconnection ends this membership. `<partition> <guild id>`: a journal may have many
-- partitions.
local function note_temporary(guild, user_id)
  redis.call('SADD', keys.temporary(user_id), keys.partition() .. ' ' .. guild.id)
end

local function forget_temporary(guild, user_id)
  redis.call('SREM', keys.temporary(user_id), keys.partition() .. ' ' .. guild.id)
end

-- Stores a membership ('p' permanent or 't' temporary, followed by role ids) and moves a told count if it is new.
function guilds.put_member(guild, user_id, membership)
  if redis.call('HSET', guild.key .. ':members', user_id, membership) == 1 then
    move_told_count(guild, 1)
  end
  if membership:sub(1, 1) == 't' then
    note_temporary(guild, user_id)
  else
    forget_temporary(guild, user_id)
  end
end

-- Makes the owner a lasting member; a told count counts him already.
function guilds.own(guild, owner_id)
  redis.call('HSET', guild.key .. ':members', owner_id, 'p')
  forget_temporary(guild, owner_id)
end

-- Lets in a user, unless he is in: then false. Only for a guild without a told count.
function guilds.add_member(guild, user_id, is_temporary)
  if redis.call('HSETNX', guilds.members_key(guild), user_id, is_temporary and 't' or 'p') == 0 then
    return false
  end
  if is_temporary then
    note_temporary(guild, user_id)
  end
  return true
end

-- Lets in users who are no members, and moves a told count.
function guilds.add_members(guild, user_ids, is_temporary)
  local memberships = {}
  for at, user_id in ipairs(user_ids) do
    memberships[2 * at - 1] = user_id
    memberships[2 * at] = is_temporary and 't' or 'p'
    if is_temporary then
      note_temporary(guild, user_id)
    end
  end
  redis.call('HSET', guild.key .. ':members', unpack(memberships))
  move_told_count(guild, #user_ids)
end

-- Stores memberships as they were; a told count knows of them.
function guilds.restore_members(guild, user_ids, memberships)
  local key, pairs_of_fields = guild.key .. ':members', {}
  local former = redis.call('HMGET', key, unpack(user_ids))
  for at, user_id in ipairs(user_ids) do
    pairs_of_fields[2 * at - 1], pairs_of_fields[2 * at] = user_id, memberships[at]
  end
  redis.call('HSET', key, unpack(pairs_of_fields))
  for at, user_id in ipairs(user_ids) do
    if memberships[at]:sub(1, 1) == 't' then
      note_temporary(guild, user_id)
    elseif former[at] and former[at]:sub(1, 1) == 't' then
      forget_temporary(guild, user_id)
    end
  end
end

-- Takes a guild away with all that is its own in its partition, but for the records of its invites.
function guilds.erase(guild)
  -- UNLINK: a million members are freed beside the scripts, not within one.
  redis.call('UNLINK', guild.key, guild.key .. ':json', guild.key .. ':record', guild.key .. ':roles',
    guild.key .. ':channels', guild.key .. ':channel-json', guild.key .. ':channel-records', guild.key .. ':members',
    guild.key .. ':bans', guild.key .. ':ip-bans', guild.key .. ':invites', guild.key .. ':expiring')
end

-- To be called behind every change of the bans.
function guilds.note_bans(guild)
  guild.ban_kinds = redis.call('EXISTS', guild.key .. ':bans') * guilds.USERS_BANNED
    + redis.call('EXISTS', guild.key .. ':ip-bans') * guilds.ADDRESSES_BANNED
  guilds.write(guild)
end

-- Ends the membership of someone who is a member, with its event.
function guilds.remove_member(guild, user_id, reason)
  redis.call('HDEL', guild.key .. ':members', user_id)
  forget_temporary(guild, user_id)
  local seq = journal.next()
  if guild.told_member_count then
    move_told_count(guild, -1)
    journal.mark(seq, 'guild:' .. guild.id)
  end
  journal.event(seq, 'MEMBER_REMOVE', guild.id, '', 'user_id', user_id, 'reason', reason)
end
