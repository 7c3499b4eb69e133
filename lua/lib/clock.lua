-- The one clock: Redis TIME, read once, before the script begins. Nothing else decides whether an invite has expired.

local clock = {}

function clock.begin()
  local time = redis.call('TIME')
  -- Microseconds fit a double until the year 2255.
  clock.now_us = tonumber(time[1]) * 1000000 + tonumber(time[2])
  clock.now_ms = math.floor(clock.now_us / 1000)
  -- Names a revision of what is shown: no two changes of one thing fall into one microsecond.
  clock.stamp = string.format('%.0f', clock.now_us)
end
