-- What the scripts share that put back what Postgres knows, row by row. Redis may not be empty: what is newer here than
-- in Postgres stays as it is. That is what has a mark, or what an event tells that Postgres hasn't got
-- (restore-begin.lua).

--! include closed
--! include keys

local restoring = {
  -- What became of a row.
  WRITTEN = 'w',
  -- It is newer here.
  KEPT = 'k',
  -- Its guild or group DM is not here.
  NOWHERE = 'n',
  -- The invite has expired or is used up.
  OVER = 'o',
  -- Its code leads to something else.
  TAKEN = 't',
}

do
  local has_newer

  function restoring.begin()
    has_newer = redis.call('EXISTS', keys.dirty, keys.newer) > 0
  end

  function restoring.has_newer()
    return has_newer
  end

  -- `entity` is named as in marks, or 'invite:<code>'.
  function restoring.is_newer(entity)
    return has_newer and (redis.call('ZSCORE', keys.dirty, entity) ~= false
      or redis.call('SISMEMBER', keys.newer, entity) == 1)
  end
end

-- What becomes of what belongs to a guild or group DM that is not here: deleted since, or damaged.
function restoring.without(place)
  return restoring.is_newer(place) and restoring.KEPT or restoring.NOWHERE
end

-- Puts back rows that come in groups: which of KEYS, whose they are, how many, then `width` arguments for each row.
-- restore(owner, first argument, count) gives a letter for each of them.
function restoring.groups(key_names, argv, width, restore)
  local letters, at = {}, 1
  while at <= #argv do
    keys.enter(key_names[tonumber(argv[at])])
    local count = tonumber(argv[at + 2])
    letters[#letters + 1] = restore(argv[at + 1], at + 3, count)
    at = at + 3 + count * width
  end
  return { 'restored', table.concat(letters) }
end

-- Puts back rows of `width` arguments, of which the first says which of KEYS. restore(first argument) gives a letter.
function restoring.rows(key_names, argv, width, restore)
  local letters = {}
  for at = 1, #argv, width do
    keys.enter(key_names[tonumber(argv[at])])
    letters[#letters + 1] = restore(at + 1)
  end
  return { 'restored', table.concat(letters) }
end
