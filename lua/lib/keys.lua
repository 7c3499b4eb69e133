-- The keys of one partition, all built from its counter invited:{p}:seq, so that all have its hash tag.
-- A script works in the partition of KEYS[1], unless it enters another.

local keys = {}

do
  local prefix

  -- From here on all keys are those of the partition with this counter, which is one of KEYS.
  function keys.enter(seq_key)
    prefix = seq_key:sub(1, -4)
    keys.seq = seq_key
  end

  keys.enter(KEYS[1])

  function keys.dirty()
    return prefix .. 'dirty'
  end

  function keys.events()
    return prefix .. 'events'
  end

  function keys.expiring()
    return prefix .. 'expiring'
  end

  function keys.invite(code)
    return prefix .. 'invite:' .. code
  end

  function keys.guild(guild_id)
    return prefix .. 'guild:' .. guild_id
  end

  function keys.group_dm(channel_id)
    return prefix .. 'group-dm:' .. channel_id
  end

  -- channel -> guild, in the partition of the channel's own id.
  function keys.channel(channel_id)
    return prefix .. 'channel:' .. channel_id
  end

  function keys.user(user_id)
    return prefix .. 'user:' .. user_id
  end

  -- The guilds of this partition in which a user is a temporary member.
  function keys.temporary(user_id)
    return prefix .. 'temporary:' .. user_id
  end
end
