#!lua
-- Puts invites back. One that is there already has as many uses as the larger of the two says, and the settings of the
-- later version. Expired and used-up ones don't come back, and go where they are still there; that one has expired
-- meanwhile, the sweeper tells.
--
-- KEYS[2…] invited:{p}:   p = partitions of the guilds and group DMs
-- ARGV     for each invite (at most 1000), those of one place next to each other:
--   1-3    which of KEYS · 'guild:<id>' or 'group-dm:<id>' · code
--   4-5    its packed record (README.md), what stands before the revision and what stands behind it
--   6      expires_at in ms, '' for never
--   7      its place in the lists, in microseconds
--   8      what stands of it in the journal's expiry index
--          and at the end the holder of the lease 'restore'
--
-- Replies: {'open'} · {'lost'} (lib/closed.lua) · {'restored', a letter for each invite (lib/restoring.lua): w k n o t}
-- One command for each invite that wasn't there, and two for each place. Sent twice, the second changes nothing but
-- revisions.

--! include closed
--! include restoring
--! include clock
--! include keys
--! include invites

local WIDTH = 8

local record_keys, prefixes, count = {}, {}, 0
for at = 1, #ARGV, WIDTH do
  count = count + 1
  local prefix = KEYS[tonumber(ARGV[at])]
  keys.enter(prefix)
  prefixes[count], record_keys[count] = prefix, keys.invite(ARGV[at + 2])
end
assert(count <= 1000, 'too many')
local texts = redis.call('MGET', unpack(record_keys))

-- The place whose invites are being put back: its key, whether it is there, and its index entries, which are written
-- all at once.
local place, place_letter
local listed, listed_count = {}, 0
local expiring, expiring_count = {}, 0
-- The same for the journal's index.
local due, due_count = {}, 0

local function write_indexes()
  if listed_count > 0 then
    redis.call('ZADD', place .. ':invites', unpack(listed, 1, listed_count))
  end
  if expiring_count > 0 then
    redis.call('ZADD', place .. ':expiring', unpack(expiring, 1, expiring_count))
  end
  listed_count, expiring_count = 0, 0
end

local function enter_place(key, name)
  if key == place then
    return
  end
  write_indexes()
  place = key
  -- nil: it is there.
  place_letter = redis.call('EXISTS', key) == 0 and restoring.without(name) or nil
end

-- The end of an invite that nobody has announced: its time is over, which is all that the sweeper needs.
local function note_expired(expires_at_ms, entry)
  due[due_count + 1], due[due_count + 2] = expires_at_ms, entry
  due_count = due_count + 2
end

local function is_over(invite)
  return not invites.is_live(invite) or (invite.max_uses > 0 and invite.uses >= invite.max_uses)
end

-- Something has the code here already: an invite, this one or another, or a pointer.
local function merge(former, invite, order, entry)
  if former.target_id then
    return restoring.TAKEN
  end
  local is_same_place = former.guild_id == invite.guild_id
    and (invite.type == invites.GUILD or former.channel_id == invite.channel_id)
  if not is_same_place and invites.is_live(former) then
    return restoring.TAKEN
  end
  invites.read_details(former)
  invites.read_details(invite)
  local merged = invite
  if is_same_place and former.created_at_ms == invite.created_at_ms then
    merged = tonumber(former.version) > tonumber(invite.version) and former or invite
    merged.uses = math.max(invite.uses, former.uses)
    order = tonumber(redis.call('ZSCORE', place .. ':invites', invite.code)) or order
  end
  invites.forget(former)
  if is_over(merged) then
    if not invites.is_live(merged) then
      note_expired(merged.expires_at_ms, entry)
    end
    return restoring.OVER
  end
  invites.add(merged, order)
  return restoring.WRITTEN
end

local function restore(number, at)
  local code, head, tail, expires_at_ms = ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
  if place_letter then
    return place_letter
  end
  if restoring.has_newer() and restoring.is_newer('invite:' .. code) then
    return restoring.KEPT
  end
  local text = head .. clock.stamp .. tail
  local former = texts[number] and invites.parse(code, texts[number])
  if former then
    keys.enter(prefixes[number])
    return merge(former, invites.parse(code, text), tonumber(ARGV[at + 6]), ARGV[at + 7])
  end
  local uses, max_uses = head:match('^(%d+) .* (%d+) %d+ $')
  if expires_at_ms ~= '' and clock.now_ms >= tonumber(expires_at_ms) then
    note_expired(expires_at_ms, ARGV[at + 7])
    return restoring.OVER
  end
  if max_uses ~= '0' and tonumber(uses) >= tonumber(max_uses) then
    return restoring.OVER
  end
  invites.set(record_keys[number], text, expires_at_ms)
  listed[listed_count + 1], listed[listed_count + 2] = ARGV[at + 6], code
  listed_count = listed_count + 2
  if expires_at_ms ~= '' then
    expiring[expiring_count + 1], expiring[expiring_count + 2] = expires_at_ms, code
    expiring_count = expiring_count + 2
    due[due_count + 1], due[due_count + 2] = expires_at_ms, ARGV[at + 7]
    due_count = due_count + 2
  end
  return restoring.WRITTEN
end

local letters = {}
for number = 1, count do
  local at = (number - 1) * WIDTH + 1
  enter_place(prefixes[number] .. ARGV[at + 1], ARGV[at + 1])
  letters[number] = restore(number, at)
end
write_indexes()
if due_count > 0 then
  redis.call('ZADD', keys.expiring, unpack(due, 1, due_count))
end
return { 'restored', table.concat(letters) }
