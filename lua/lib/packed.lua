-- Records that many requests read are one string each, so that one MGET reads those of a whole batch: fields with
-- single spaces between them, '-' for none. Numbers that move with each use come first and have a fixed width, so that
-- they are written in place, without the rest.

local packed = {
  -- Where the first and the second of those numbers stand: as texts, since Redis would print numbers first.
  FIRST = '0',
  SECOND = '17',
  -- The largest that a host may tell. Each has room for it.
  LARGEST = 2 ^ 53 - 1,
}

local NONE = ('-'):rep(16)

-- A number of fixed width, or none.
function packed.number(value)
  return value and string.format('%016d', value) or NONE
end

-- A number in all its digits: Lua by itself writes 1e+14 and beyond as that.
function packed.whole(value)
  return string.format('%d', value)
end

-- A number as it is replied: the largest as texts, since clients may be out by one where they read such integers
-- (ioredis is, within 48 of 2^53).
function packed.exact(value)
  return value < 2 ^ 52 and value or packed.whole(value)
end

-- Writes one of the numbers of a record.
function packed.write_number(key, place, value)
  redis.call('SETRANGE', key, place, packed.number(value))
end

function packed.or_none(text)
  return text == '' and '-' or text
end

function packed.or_empty(text)
  return text == '-' and '' or text
end
