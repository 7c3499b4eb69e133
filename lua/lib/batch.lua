-- For scripts that serve many requests at once: the records of all are read by two commands, each once, and all
-- requests of the batch see the same table of each, so that what one takes, the next finds taken. Only for scripts
-- that read and decide everything that can fail before their first write.

--! include keys
--! include records
--! include guilds
--! include group-dms
--! include invites

local batch = {}

-- Reads the invites of all groups, then the guilds that those lead to or that pointers named: for each group in
-- `argv`, of `step` arguments, which of `key_names`, code and followed guild come first.
function batch.read_ahead(key_names, argv, step)
  local seen = records.remember()
  local invite_keys, groups = {}, 0
  for at = 1, #argv, step do
    groups = groups + 1
    keys.enter(key_names[tonumber(argv[at])])
    invite_keys[groups] = keys.invite(argv[at + 1])
  end
  local invite_texts = redis.call('MGET', unpack(invite_keys))

  local guild_keys, guild_ids = {}, {}
  for group = 1, groups do
    local at = (group - 1) * step + 1
    local key, followed = invite_keys[group], argv[at + 2]
    if seen[key] == nil then
      seen[key] = invites.parse(argv[at + 1], invite_texts[group]) or false
    end
    local invite = seen[key]
    local guild_id = invite and invite.guild_id or followed
    if guild_id ~= '' then
      keys.enter(key_names[tonumber(argv[at])])
      local guild_key = keys.guild(guild_id)
      if seen[guild_key] == nil then
        -- Told apart from what was read by being no table.
        seen[guild_key] = true
        guild_keys[#guild_keys + 1], guild_ids[#guild_ids + 1] = guild_key, guild_id
      end
    end
  end
  if #guild_keys > 0 then
    for at, text in ipairs(redis.call('MGET', unpack(guild_keys))) do
      seen[guild_keys[at]] = guilds.parse(guild_ids[at], guild_keys[at], text) or false
    end
  end
end

-- The words of a text that are separated by single spaces.
function batch.words(text)
  if not text:find(' ', 1, true) then
    return { text }
  end
  local words = {}
  for word in text:gmatch('%S+') do
    words[#words + 1] = word
  end
  return words
end
