-- KEYS[1] invite:<code>
-- Replies {'found', row} · {'unknown'}

local row = find_invite(KEYS[1])
if not row then
  return { 'unknown' }
end
return reply_with('found', row)
