-- What wrk sends: goes round in a list of requests, each in two pieces with the user's id or token between them.
--
-- Arguments: file of requests · threads · first user, split in a prefix and a number · how many users to go round in,
-- 0 for new ones only · file of tokens, or '-'
-- A line of the file is a request in hexadecimal: the piece before, a space, the piece behind, a space, and 1 if a user
-- stands between them, else 0.

local threads_made = 0

function setup(thread)
  thread:set('thread_number', threads_made)
  threads_made = threads_made + 1
end

local function from_hex(text)
  return (text:gsub('%x%x', function(pair)
    return string.char(tonumber(pair, 16))
  end))
end

local before, behind, has_user = {}, {}, {}
local tokens
local prefix, next_user, step, members
local at, count

function init(args)
  for line in io.lines(args[1]) do
    local first, second, user = line:match('^(%x*) (%x*) (%d)$')
    before[#before + 1], behind[#behind + 1] = from_hex(first), from_hex(second)
    has_user[#has_user + 1] = user == '1'
  end
  count = #before
  step = tonumber(args[2])
  prefix, next_user = args[3], tonumber(args[4]) + thread_number
  members = tonumber(args[5])
  -- Threads go round in different places, as many clients would.
  at = math.floor(count * thread_number / step)
  if args[6] ~= '-' then
    tokens = {}
    local number = 0
    for line in io.lines(args[6]) do
      if number % step == thread_number then
        tokens[#tokens + 1] = line
      end
      number = number + 1
    end
  end
end

local users_taken = 0

local function user()
  local number = users_taken
  users_taken = users_taken + 1
  if tokens then
    return tokens[number % #tokens + 1]
  end
  if members > 0 then
    return prefix .. string.format('%09d', (next_user + number * step) % members)
  end
  return prefix .. string.format('%09d', next_user + number * step)
end

function request()
  at = at % count + 1
  if has_user[at] then
    return before[at] .. user() .. behind[at]
  end
  return before[at] .. behind[at]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format('RESULT %d %d %d %d %.3f %.3f %.3f', summary.duration, summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end
