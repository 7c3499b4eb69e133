-- Which distributed traces a call is part of (W3C traceparent, checked before): told behind the epoch, where there are
-- any (gate.lua), and written into the events that come of the call. A call without one pays nothing.

local trace = {}

function trace.begin()
  -- Of the whole call, for all of its events; nil for none.
  trace.of_call = nil
end

-- From here on all events of the call have it, until it is set again; nil: none.
function trace.set(given)
  trace.of_call = given
end

-- Of a call that serves many requests: '<number of the request, from 1> <traceparent>', with commas between them.
-- Gives them by number, or nil for none; from here on the call as a whole has none.
function trace.of_requests()
  local given = trace.of_call
  if not given then
    return nil
  end
  trace.of_call = nil
  local traces = {}
  for number, traceparent in given:gmatch('(%d+) ([^,]+)') do
    traces[tonumber(number)] = traceparent
  end
  return traces
end
