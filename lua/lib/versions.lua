-- On which version a change insists (If-Match): '*' for whichever, else those that will do, with spaces between them;
-- '' is none at all.

local versions = {}

function versions.suit(wanted, version)
  return wanted == '*' or (' ' .. wanted .. ' '):find(' ' .. version .. ' ', 1, true) ~= nil
end
