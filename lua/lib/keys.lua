-- The keys: those of the journal that KEYS[1] opens, and those of one partition. A script works in the partition of
-- KEYS[2], unless it enters another.

local keys = {}

do
  local journal, prefix

  function keys.begin(key_names)
    journal = key_names[1]:sub(1, -#'epoch' - 1)
    keys.epoch = key_names[1]
    keys.seq = journal .. 'seq'
    keys.events = journal .. 'events'
    keys.dirty = journal .. 'dirty'
    keys.expiring = journal .. 'expiring'
    keys.endings = journal .. 'endings'
    keys.consumers = journal .. 'consumers'
    keys.jobs = journal .. 'jobs'
    keys.figures = journal .. 'figures'
    keys.dead_letters = journal .. 'dead-letters'
    keys.dead_letter_ids = journal .. 'dead-letter-ids'
    keys.trimmed = journal .. 'trimmed'
    keys.full = journal .. 'full'
    keys.forgotten = journal .. 'forgotten'
    keys.newer = journal .. 'newer'
    prefix = key_names[2]
  end

  -- Who does which work of this journal.
  function keys.lease(work)
    return journal .. 'lease:' .. work
  end

  -- Who has taken how many of a bucket, in the window of the clock with this number.
  function keys.limits(bucket, number)
    return journal .. 'limits:' .. bucket .. ':' .. string.format('%d', number)
  end

  -- Where a user may be a temporary member, in the partitions of this journal.
  function keys.temporary(user_id)
    return journal .. 'temporary:' .. user_id
  end

  -- From here on the keys below are those of this partition, which is one of KEYS.
  function keys.enter(partition_key)
    prefix = partition_key
  end

  -- The number of the partition, as a text.
  function keys.partition()
    return prefix:match('%d+')
  end

  -- The key of a partition, to enter it.
  function keys.of_partition(number)
    return 'invited:{' .. number .. '}:'
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

  -- The answer to a request that had an Idempotency-Key.
  function keys.idempotency(digest)
    return prefix .. 'idempotency:' .. digest
  end

  function keys.user(user_id)
    return prefix .. 'user:' .. user_id
  end
end
