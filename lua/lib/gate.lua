-- Lets a script run only on the data that its caller serves. Each journal has an epoch, which is there from the moment
-- its data are whole: a Redis that lost them (flushed, new, another one) has none or another, and nothing is answered
-- from it until they have been restored. The last of ARGV is the epoch that the caller knows; behind this it is gone
-- from there.

local gate = {}

function gate.begin(key_names, arguments)
  if redis.call('GET', key_names[1]) ~= table.remove(arguments) then
    return { 'closed' }
  end
end
