#!lua
-- Lets users in by invites: for each the checks of the contract in their order, and all effects, in one step.
-- Requests for one code come as one group, in the order in which they arrived.
--
-- KEYS[1]  invited:{j}:epoch   j = the journal's
-- KEYS[2…] invited:{p}:        each partition of the batch; p = that of the code, or of the guild that a pointer named
-- ARGV     six for each group, then the epoch, with the traces of requests if any (lib/gate.lua, lib/trace.lua):
--   1      which of KEYS
--   2      code
--   3      the guild that a pointer named, '' at the first look-up
--   4      the revision that the caller knows, '' for none
--   5      user ids, with spaces between them
--   6      of each user the ban key of his address (IPv4, or prefix::/64), '-' if unknown; with spaces between them
--
-- Replies: {'closed'} · for each group one letter for each user, the outcome; alone where there is nothing more to
-- say, else
--   {outcomes, target id}                    all 'p': the code is a pointer
--   {outcomes, fields of the revision row}   someone is in, and the caller doesn't know this revision (lib/invites.lua)
-- Letters: a accepted · m already a member · u unknown · p pointer · d invites disabled · b banned · i address banned
--   · g guild full · r group DM full
-- Writes one entry of INVITE_ACCEPT for all that were accepted (README.md, Events), and INVITE_DELETE (exhausted) with
-- a last use. O(users + groups · log invites of their guild). Sent twice, the second finds the users already in (or
-- the invite gone): no second use.

--! include gate
--! include room
--! include clock
--! include keys
--! include packed
--! include journal
--! include trace
--! include guilds
--! include group-dms
--! include invites
--! include batch

local ARGUMENTS = 6
assert(#ARGV > 0 and #ARGV % ARGUMENTS == 0, 'groups of six')

-- What a group asks for: {letter for all, target of a pointer}, or with `invite` and `place` to decide about.
local function find(code, followed)
  local kind, found = invites.find(code, followed)
  if not kind then
    return { letter = 'u' }
  end
  if kind == 'pointer' then
    return { letter = 'p', target_id = found }
  end
  local is_vanity = kind == 'vanity'
  local invite = is_vanity and invites.of_vanity(found) or found
  local place = is_vanity and found or invites.place(found)
  if not place then
    return { letter = 'u' }
  end
  local is_guild = invite.type == invites.GUILD
  if invites.has(invite, invites.PAUSED) or (is_guild and guilds.has(place, guilds.INVITES_DISABLED)) then
    return { letter = 'd' }
  end
  place.groups = (place.groups or 0) + 1
  return { invite = invite, place = place, is_guild = is_guild, is_vanity = is_vanity }
end

-- Which of these users are in already: a list of truth values.
local function memberships(group, users)
  if group.is_guild then
    return redis.call('HMGET', group.place.key .. ':members', unpack(users))
  end
  return redis.call('ZMSCORE', group.place.key .. ':recipients', unpack(users))
end

local NONE = {}

-- Which of the users, and of their addresses, are banned: two lists of truth values.
local function bans(group, users, ban_keys)
  local kinds, key = group.is_guild and group.place.ban_kinds or 0, group.place.key
  if kinds == 0 then
    return NONE, NONE
  end
  return bit.band(kinds, guilds.USERS_BANNED) ~= 0 and redis.call('HMGET', key .. ':bans', unpack(users)) or NONE,
    bit.band(kinds, guilds.ADDRESSES_BANNED) ~= 0
      and redis.call('HMGET', key .. ':ip-bans', unpack(batch.words(ban_keys))) or NONE
end

-- How many more the place may let in.
local function room_in(group)
  if group.is_guild then
    return group.place.max_members - guilds.member_count(group.place)
  end
  return group_dms.RECIPIENTS_MAX - #group_dms.recipients(group.place)
end

-- Decides the letter of each user, and who of them comes in. Counts uses and members on in the tables of invite and
-- place, which the groups behind this one see.
local function decide(group, users, ban_keys)
  local invite, place = group.invite, group.place
  local is_banned, is_ip_banned = bans(group, users, ban_keys)
  local room = room_in(group)
  local left = invite.max_uses > 0 and invite.max_uses - invite.uses or math.huge
  group.first_use = invite.uses + 1

  -- The common case of a large batch: one user, who comes in unless he is in. Then the write itself tells, since
  -- nobody else of this batch comes to this place. (A hash that can't be counted has failed by now.)
  if #users == 1 and place.groups == 1 and group.is_guild and not place.told_member_count
    and left > 0 and room > 0 and not is_banned[1] and not is_ip_banned[1] then
    group.comer = users[1]
    return
  end

  local full = group.is_guild and 'g' or 'r'
  local is_in = memberships(group, users)
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
  if group.is_guild then
    place.count = place.count + #joining
  else
    for _, user_id in ipairs(joining) do
      table.insert(place.recipients, user_id)
    end
  end
  group.letters, group.joining = table.concat(letters), joining
end

local traces = trace.of_requests()
batch.read_ahead(KEYS, ARGV, ARGUMENTS)

local groups = {}
for at = 1, #ARGV, ARGUMENTS do
  keys.enter(KEYS[tonumber(ARGV[at])])
  local group = find(ARGV[at + 1], ARGV[at + 2])
  group.at = at
  groups[#groups + 1] = group
end
for _, group in ipairs(groups) do
  local at = group.at
  local users = batch.words(ARGV[at + 4])
  if group.letter then
    group.letters = #users == 1 and group.letter or group.letter:rep(#users)
  else
    keys.enter(KEYS[tonumber(ARGV[at])])
    decide(group, users, ARGV[at + 5])
    local known_revision = ARGV[at + 3]
    if (known_revision == '' or known_revision ~= invites.revision(group.invite, group.place))
      and (group.comer or group.letters:find('[am]')) then
      group.row = invites.revision_row(group.invite, group.place)
    end
  end
end

-- From here on only writes.

-- Lets in who comes to a group; returns their line of the event, or nil for nobody.
local function write(group)
  local invite, place = group.invite, group.place
  local is_temporary = group.is_guild and invites.has(invite, invites.TEMPORARY)
  local users = group.joining
  if group.comer then
    local is_new = guilds.add_member(place, group.comer, is_temporary)
    group.letters = is_new and 'a' or 'm'
    users = is_new and { group.comer } or NONE
    invite.uses = invite.uses + #users
  elseif #users > 0 then
    if group.is_guild then
      guilds.add_members(place, users, is_temporary)
    else
      group_dms.add_recipients(place, users)
    end
  end
  if #users == 0 then
    return nil, 0
  end
  if group.is_vanity then
    guilds.write_vanity_uses(place, invite.uses)
  else
    invites.write_uses(invite)
  end
  local channel_id = group.is_vanity and '-' or invite.channel_id
  return invite.code .. ' ' .. packed.or_none(invite.guild_id) .. ' ' .. channel_id .. ' '
    .. packed.or_none(invite.inviter_id) .. (is_temporary and ' 1 ' or ' 0 ') .. (group.is_vanity and '1 ' or '0 ')
    .. packed.whole(group.first_use) .. ' ' .. (users[2] and table.concat(users, ' ') or users[1]), #users
end

-- The traces of those who came in, as the event has them (README.md, Events); nil for none. Each group is told that of
-- its last, who may have ended the invite.
local function traces_of_joins()
  local told, event, request = {}, 0, 0
  for _, group in ipairs(groups) do
    for letter in group.letters:gmatch('.') do
      request = request + 1
      if letter == 'a' then
        group.last_trace = traces[request]
        if traces[request] then
          told[#told + 1] = packed.whole(event) .. ' ' .. traces[request]
        end
        event = event + 1
      end
    end
  end
  return told[1] and table.concat(told, '\n')
end

local lines, count = {}, 0
for _, group in ipairs(groups) do
  if group.invite then
    keys.enter(KEYS[tonumber(ARGV[group.at])])
    local line, comers = write(group)
    count = count + comers
    lines[#lines + 1] = line
    group.has_joins = line ~= nil
  end
end
if count > 0 then
  local last_seq = journal.joins(lines, count, traces and traces_of_joins())
  for _, group in ipairs(groups) do
    local invite, place = group.invite, group.place
    if group.has_joins then
      if group.is_guild and place.told_member_count then
        journal.mark(last_seq, 'guild:' .. place.id)
      end
      if invite.max_uses > 0 and invite.uses >= invite.max_uses and not invite.is_finished then
        invite.is_finished = true
        keys.enter(KEYS[tonumber(ARGV[group.at])])
        trace.set(group.last_trace)
        invites.finish(invite, 'exhausted', '')
        trace.set(nil)
      end
    end
  end
end

local replies = {}
for number, group in ipairs(groups) do
  if group.row then
    replies[number] = { group.letters, unpack(group.row) }
  elseif group.target_id then
    replies[number] = { group.letters, group.target_id }
  else
    replies[number] = group.letters
  end
end
return replies
