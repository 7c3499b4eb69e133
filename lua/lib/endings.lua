-- Endings: a channel, guild or group DM was deleted, and its invites are ended in bounded steps (ending-step.lua). What
-- is under way stands in the journal, so that whoever comes next can go on; until it is done nothing is put under the
-- same name, or the old invites would lead to it.

--! include keys
--! include packed

local endings = {}

-- Entities are named as in marks: 'guild:<id>', 'channel:<guild>:<id>', 'group-dm:<id>'.
local function field(entity)
  return keys.partition() .. ' ' .. entity
end

function endings.is_under_way(entity)
  return redis.call('HEXISTS', keys.endings, field(entity)) == 1
end

-- `by` is a user id, '' for nobody. Of a channel, `score` and `code` are the last of the guild's invites that was seen
-- and stays; '-' for none.
function endings.note(entity, by, score, code)
  redis.call('HSET', keys.endings, field(entity), table.concat({ packed.or_none(by), score, code }, ' '))
end

-- by, score, code; nil where it is not under way.
function endings.read(entity)
  local by, score, code = (redis.call('HGET', keys.endings, field(entity)) or ''):match('^(%S+) (%S+) (%S+)$')
  return by and packed.or_empty(by), score, code
end

function endings.finish(entity)
  redis.call('HDEL', keys.endings, field(entity))
end

-- Sets a deleted place's invites aside, if it has any; `place` is its key.
function endings.set_aside(entity, place, by)
  if redis.call('EXISTS', place .. ':invites') == 1 then
    redis.call('RENAME', place .. ':invites', place .. ':ending')
    endings.note(entity, by, '-', '-')
  end
end

