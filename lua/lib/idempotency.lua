-- The first answers to requests that had an Idempotency-Key: the hash idempotency:<digest>, kept for a day. The digest
-- names caller, route and key (src/http/idempotency.ts); `body` is that of the request's body.

--! include keys

local idempotency = {}

local KEPT_S = 86400

-- Keeps what an answer is made of, in the same step as the effect. Its finished text comes behind it
-- (answer-keep.lua), since the users it names are in other partitions.
function idempotency.keep_row(digest, body, row)
  local key = keys.idempotency(digest)
  redis.call('HSET', key, 'body', body, 'row', cmsgpack.pack(row))
  redis.call('EXPIRE', key, KEPT_S)
end

-- The reply to a request whose key was used before, or nil where it was not: {'key_reused'} with another body ·
-- {'replayed', answer} · {'replayed_row', row} while there is no finished answer.
function idempotency.find(digest, body)
  local kept_body, answer, row = unpack(redis.call('HMGET', keys.idempotency(digest), 'body', 'answer', 'row'))
  if not kept_body then
    return nil
  end
  if kept_body ~= body then
    return { 'key_reused' }
  end
  if answer then
    return { 'replayed', answer }
  end
  return { 'replayed_row', cmsgpack.unpack(row) }
end

-- Puts the finished answer in the place of the row, unless there is one; the answer that is kept from now on, or nil
-- where there is nothing of that body.
function idempotency.keep_answer(digest, body, answer)
  local key = keys.idempotency(digest)
  local kept_body, kept_answer = unpack(redis.call('HMGET', key, 'body', 'answer'))
  if kept_body ~= body then
    return nil
  end
  if not kept_answer then
    redis.call('HSET', key, 'answer', answer)
    redis.call('HDEL', key, 'row')
  end
  return kept_answer or answer
end
