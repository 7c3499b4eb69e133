-- For the scripts that restore a journal: it must be closed to everyone else, and one process at a time restores it.
-- The last of ARGV is who believes to have that lease; behind this it is gone from there.

--! include keys

local closed = {}

function closed.begin(_, arguments)
  local holder = table.remove(arguments)
  if redis.call('EXISTS', keys.epoch) == 1 then
    return { 'open' }
  end
  if redis.call('GET', keys.lease('restore')) ~= holder then
    return { 'lost' }
  end
end
