#!lua
-- Keeps the finished answer to a create that had an Idempotency-Key. Of several that are offered, those of the first
-- request and of its repeats, the first one stays, and all answer with it.
--
-- KEYS[2]  invited:{p}:   p = partition of the guild or group DM
-- ARGV[1]  digest of caller, route and key
-- ARGV[2]  digest of the request's body
-- ARGV[3]  the answer
--
-- Replies: {'kept', the answer that is kept} · {'gone'} (a day has passed). Sent twice, the second changes nothing.

--! include gate
--! include idempotency

local answer = idempotency.keep_answer(ARGV[1], ARGV[2], ARGV[3])
if not answer then
  return { 'gone' }
end
return { 'kept', answer }
