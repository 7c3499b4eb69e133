-- For scripts that serve many requests at once: each record is read once, and all requests of the batch see the same
-- table of it, so that what one takes, the next finds taken. Only for scripts that read everything, and change those
-- tables as they decide, before their first write.

--! include keys
--! include guilds
--! include group-dms
--! include invites

local batch = {}

local function once(read, key_of)
  local seen = {}
  return function(id)
    local key = key_of(id)
    local record = seen[key]
    if record == nil then
      record = read(id) or false
      seen[key] = record
    end
    return record or nil
  end
end

guilds.read = once(guilds.read, keys.guild)
group_dms.read = once(group_dms.read, keys.group_dm)
invites.record = once(invites.record, keys.invite)

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
