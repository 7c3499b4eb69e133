-- The memory of a batch: what was read once is not read again. Scripts that serve one request remember nothing.

local records = {}

do
  -- key -> record, or false where there is none; nil where nothing is remembered.
  local seen

  function records.begin()
    seen = nil
  end

  -- From here on every record is read once; the table of those that were.
  function records.remember()
    seen = {}
    return seen
  end

  -- The record under a key: the one that was read, or what read(id, key) gives.
  function records.read(key, read, id)
    if not seen then
      return read(id, key)
    end
    local record = seen[key]
    if record == nil then
      record = read(id, key) or false
      seen[key] = record
    end
    return record or nil
  end
end
