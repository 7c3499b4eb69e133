-- Who may do what. Bits as in src/invite/permissions.ts; the order of resolution is the contract's:
-- owner and ADMINISTRATOR have all; else @everyone and roles, then the channel's overwrites for @everyone, for roles
-- (all denies, then all allows) and for the member. Every channel permission needs VIEW_CHANNEL.

--! include guilds

local permissions = {
  CREATE_INSTANT_INVITE = 1,
  ADMINISTRATOR = 8,
  MANAGE_CHANNELS = 16,
  MANAGE_GUILD = 32,
  VIEW_CHANNEL = 1024,
}

local ALL = 1 + 8 + 16 + 32 + 1024
local EVERYONE_DEFAULT = 1 + 1024

-- user_id '' is nobody; is_service '1' passes every check; claimed '' means: not claimed, look it up.
function permissions.caller(user_id, is_service, claimed)
  return { user_id = user_id, is_service = is_service == '1', claimed = tonumber(claimed) }
end

function permissions.everyone(guild)
  return tonumber(redis.call('HGET', guild.key .. ':roles', guild.id) or EVERYONE_DEFAULT)
end

-- Calls visit(id, is_member, allow, deny) for each overwrite of a channel's rule, '<type> <position> <overwrite>…'.
function permissions.each_overwrite(rule, visit)
  for id, kind, allow, deny in rule:gmatch('(%d+):(%d):(%d+):(%d+)') do
    visit(id, kind == '1', tonumber(allow), tonumber(deny))
  end
end

local function without(bits, denied)
  return bit.band(bits, bit.bnot(denied))
end

-- The caller's bits in the guild, before any channel's overwrites, and the set of his roles.
local function guild_bits(guild, caller)
  if caller.is_service then
    return ALL, {}
  end
  if caller.claimed then
    return bit.band(caller.claimed, permissions.ADMINISTRATOR) ~= 0 and ALL or caller.claimed, {}
  end
  if caller.user_id == '' then
    return 0, {}
  end
  if caller.user_id == guild.owner_id then
    return ALL, {}
  end
  local membership = redis.call('HGET', guild.key .. ':members', caller.user_id)
  if not membership then
    return 0, {}
  end
  local bits = permissions.everyone(guild)
  local roles = {}
  for role_id in membership:gmatch('%d+') do
    roles[role_id] = true
    bits = bit.bor(bits, tonumber(redis.call('HGET', guild.key .. ':roles', role_id) or 0))
  end
  if bit.band(bits, permissions.ADMINISTRATOR) ~= 0 then
    return ALL, roles
  end
  return bits, roles
end

-- May the caller do this in the guild as a whole?
function permissions.in_guild(guild, caller, permission)
  local bits = guild_bits(guild, caller)
  return bit.band(bits, permission) ~= 0
end

-- May the caller do this in a channel? A channel that the guild doesn't know has no overwrites.
function permissions.in_channel(guild, channel_id, caller, permission)
  local bits, roles = guild_bits(guild, caller)
  if bits ~= ALL and not caller.claimed and bits ~= 0 then
    local rule = redis.call('HGET', guild.key .. ':channels', channel_id) or ''
    local role_deny, role_allow = 0, 0
    local member_deny, member_allow = 0, 0
    permissions.each_overwrite(rule, function(id, is_member, allow, deny)
      if is_member then
        if id == caller.user_id then
          member_deny, member_allow = deny, allow
        end
      elseif id == guild.id then
        bits = bit.bor(without(bits, deny), allow)
      elseif roles[id] then
        role_deny, role_allow = bit.bor(role_deny, deny), bit.bor(role_allow, allow)
      end
    end)
    bits = bit.bor(without(bits, role_deny), role_allow)
    bits = bit.bor(without(bits, member_deny), member_allow)
  end
  return bit.band(bits, permissions.VIEW_CHANNEL) ~= 0 and bit.band(bits, permission) ~= 0
end
