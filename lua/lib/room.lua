-- For every script that adds to the journal: nothing is changed while that may not grow (stream-full.lua).

--! include keys

local room = {}

function room.begin()
  if redis.call('EXISTS', keys.full) == 1 then
    return { 'full' }
  end
end
