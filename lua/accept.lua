#!lua
-- Lets users in by invites: for each the checks of the contract in their order, and all effects, in one step.
-- Requests for one code come as one group, in the order in which they arrived.
--
-- KEYS     invited:{p}:seq   each partition of the batch; p = that of the code, or of the guild that a pointer named
-- ARGV     six for each group:
--   1      which of KEYS
--   2      code
--   3      the guild that a pointer named, '' at the first look-up
--   4      the revision that the caller knows, '' for none
--   5      user ids, with spaces between them
--   6      of each user the ban key of his address (IPv4, or prefix::/64), '-' if unknown; with spaces between them
--
-- Replies: for each group one letter for each user, the outcome; alone where there is nothing more to say, else
--   {outcomes, target id}                    all 'p': the code is a pointer
--   {outcomes, fields of the revision row}   someone is in, and the caller doesn't know this revision (lib/invites.lua)
-- Letters: a accepted · m already a member · u unknown · p pointer · d invites disabled · b banned · i address banned
--   · g guild full · r group DM full
-- Writes one entry of INVITE_ACCEPT in each partition, for all that were accepted there (README.md, Events), and
-- INVITE_DELETE (exhausted) with a last use. O(users + groups · log invites of their guild).
-- Sent twice, the second finds the users already in (or the invite gone): no second use.

--! include clock
--! include keys
--! include journal
--! include guilds
--! include group-dms
--! include invites
--! include batch

local ARGUMENTS = 6
assert(#ARGV > 0 and #ARGV % ARGUMENTS == 0, 'groups of six')

-- Which of these users are in already: a list of truth values.
local function memberships(is_guild, place, users)
  if is_guild then
    return redis.call('HMGET', place.key .. ':members', unpack(users))
  end
  return redis.call('ZMSCORE', place.key .. ':recipients', unpack(users))
end

-- Which of these are in a hash of bans: a list of truth values.
local function bans(place, kind, names)
  return redis.call('HMGET', place.key .. kind, unpack(names))
end

local NONE = {}

-- The letter for each user, and who of them comes in. Counts uses and members on in the tables of invite and place,
-- which the requests behind these see.
local function decide(invite, place, users, ban_keys)
  local is_guild = invite.type == invites.GUILD
  local is_in = memberships(is_guild, place, users)
  local is_banned, is_ip_banned = NONE, NONE
  local room, full
  if is_guild then
    if bit.band(place.ban_kinds, guilds.USERS_BANNED) ~= 0 then
      is_banned = bans(place, ':bans', users)
    end
    if bit.band(place.ban_kinds, guilds.ADDRESSES_BANNED) ~= 0 then
      is_ip_banned = bans(place, ':ip-bans', batch.words(ban_keys))
    end
    room, full = place.max_members - guilds.member_count(place), 'g'
  else
    room, full = group_dms.RECIPIENTS_MAX - #group_dms.recipients(place), 'r'
  end
  local left = invite.max_uses > 0 and invite.max_uses - invite.uses or math.huge
  local joined = place.joined or {}
  place.joined = joined

  local letters, joining = {}, {}
  for at, user_id in ipairs(users) do
    if left <= 0 then
      letters[at] = 'u'
    elseif is_in[at] or joined[user_id] then
      letters[at] = 'm'
    elseif is_banned[at] then
      letters[at] = 'b'
    elseif is_ip_banned[at] then
      letters[at] = 'i'
    elseif room <= 0 then
      letters[at] = full
    else
      letters[at] = 'a'
      left, room = left - 1, room - 1
      joined[user_id] = true
      joining[#joining + 1] = user_id
    end
  end
  invite.uses = invite.uses + #joining
  if is_guild then
    place.count = place.count + #joining
  else
    for _, user_id in ipairs(joining) do
      table.insert(place.recipients, user_id)
    end
  end
  return table.concat(letters), joining
end

-- What there is to write: joins in the order of the groups, with the partition they are in.
local joins = {}

local function reply_to(seq_key, code, followed, known_revision, users, ban_keys)
  local kind, found = invites.find(code, followed)
  if not kind then
    return ('u'):rep(#users)
  end
  if kind == 'pointer' then
    return { ('p'):rep(#users), found }
  end
  local is_vanity = kind == 'vanity'
  local invite = is_vanity and invites.of_vanity(found) or found
  local place = is_vanity and found or invites.place(found)
  if not place then
    return ('u'):rep(#users)
  end
  if invites.has(invite, invites.PAUSED)
    or (invite.type == invites.GUILD and guilds.has(place, guilds.INVITES_DISABLED)) then
    return ('d'):rep(#users)
  end

  local outcomes, joining = decide(invite, place, users, ban_keys)
  if #joining > 0 then
    joins[#joins + 1] = { seq_key = seq_key, invite = invite, place = place, is_vanity = is_vanity, users = joining }
  end
  if (known_revision ~= '' and known_revision == invites.revision(invite, place)) or not outcomes:find('[am]') then
    return outcomes
  end
  return { outcomes, unpack(invites.revision_row(invite, place)) }
end

local replies = {}
for at = 1, #ARGV, ARGUMENTS do
  local seq_key = KEYS[tonumber(ARGV[at])]
  keys.enter(seq_key)
  replies[#replies + 1] =
    reply_to(seq_key, ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], batch.words(ARGV[at + 4]), ARGV[at + 5])
end

-- From here on only writes.

local function or_none(id)
  return id == '' and '-' or id
end

-- Lets the users of one group in; returns their line of the event.
local function write(join)
  local invite, place, users = join.invite, join.place, join.users
  local is_temporary = false
  if invite.type == invites.GUILD then
    is_temporary = invites.has(invite, invites.TEMPORARY)
    guilds.add_members(place, users, is_temporary)
  else
    group_dms.add_recipients(place, users)
  end
  local uses
  if join.is_vanity then
    uses = redis.call('HINCRBY', place.key, 'vanity_uses', #users)
  else
    uses = redis.call('HINCRBY', keys.invite(invite.code), 'uses', #users)
  end
  return table.concat({ invite.code, or_none(invite.guild_id), or_none(join.is_vanity and '' or invite.channel_id),
    or_none(invite.inviter_id), is_temporary and 1 or 0, join.is_vanity and 1 or 0, uses - #users + 1,
    table.concat(users, ' ') }, ' ')
end

-- The groups of one partition leave one entry, however their turns came.
local by_partition, order = {}, {}
for _, join in ipairs(joins) do
  local entry = by_partition[join.seq_key]
  if not entry then
    entry = { lines = {}, joins = {}, count = 0 }
    by_partition[join.seq_key] = entry
    order[#order + 1] = join.seq_key
  end
  keys.enter(join.seq_key)
  entry.lines[#entry.lines + 1] = write(join)
  entry.joins[#entry.joins + 1] = join
  entry.count = entry.count + #join.users
end

for _, seq_key in ipairs(order) do
  local entry = by_partition[seq_key]
  keys.enter(seq_key)
  local last_seq = journal.joins(entry.lines, entry.count)
  for _, join in ipairs(entry.joins) do
    local invite, place = join.invite, join.place
    if invite.type == invites.GROUP_DM then
      journal.mark(last_seq, 'group-dm:' .. place.id)
    elseif join.is_vanity or place.told_member_count ~= '' then
      journal.mark(last_seq, 'guild:' .. place.id)
    end
  end
  for _, join in ipairs(entry.joins) do
    local max_uses = join.invite.max_uses
    if max_uses > 0 and join.invite.uses >= max_uses then
      invites.finish(join.invite, 'exhausted', '')
    end
  end
end
return replies
