-- What the directory's scripts share.

--! include clock
--! include guilds
--! include permissions

local directory = {}

-- The channel that a guild's vanity shows: the first text channel (lowest position, then id) that @everyone may view;
-- '' for none.
local function landing_channel(guild)
  local everyone = permissions.everyone(guild)
  local best_id, best_position
  local channels = redis.call('HGETALL', guild.key .. ':channels')
  for at = 1, #channels, 2 do
    local id, rule = channels[at], channels[at + 1]
    local type, position = rule:match('^(%d+) (%d+)')
    if type == '0' then
      local bits = everyone
      permissions.each_overwrite(rule, function(overwrite_id, is_member, allow, deny)
        if not is_member and overwrite_id == guild.id then
          bits = bit.bor(bit.band(bits, bit.bnot(deny)), allow)
        end
      end)
      local is_visible = bit.band(everyone, permissions.ADMINISTRATOR) ~= 0
        or bit.band(bits, permissions.VIEW_CHANNEL) ~= 0
      position = tonumber(position)
      -- Ids are decimal strings: of equal length they compare as numbers do.
      local comes_first = not best_id or position < best_position
        or (position == best_position and (#id < #best_id or (#id == #best_id and id < best_id)))
      if is_visible and comes_first then
        best_id, best_position = id, position
      end
    end
  end
  return best_id or ''
end

-- To be called behind every change of a guild's record, roles or channels: works out once what readers would otherwise
-- each have to, and names a new revision of what is shown.
function directory.changed(guild)
  guilds.read_vanity(guild)
  guild.landing_channel_id, guild.revision = landing_channel(guild), clock.stamp
  guilds.write(guild)
end
