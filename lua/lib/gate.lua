-- Lets a script run only on the data that its caller serves. Each journal has an epoch, which is there from the moment
-- its data are whole: a Redis that lost them (flushed, new, another one) has none or another, and nothing is answered
-- from it until they have been restored. The last of ARGV is the epoch that the caller knows, and behind a line break
-- the traces that the call is part of, if any (trace.lua); behind this it is gone from there.

--! include trace

local gate = {}

function gate.begin(key_names, arguments)
  local told, epoch = table.remove(arguments), redis.call('GET', key_names[1])
  if told == epoch then
    return
  end
  local known, traces = told:match('^([^\n]*)\n(.+)$')
  if not known or known ~= epoch then
    return { 'closed' }
  end
  trace.set(traces)
end
