// The scripts that end the invites of what was deleted, in bounded steps (lua/lib/endings.lua). Decides nothing.

import { isSnowflake, type Snowflake } from '../invite/id.js';
import { type Partition, partitionOfId } from '../invite/partition.js';
import type { Traceparent } from '../invite/trace.js';
import type { Journal } from './journals.js';
import { ReplyReader } from './reply.js';
import type { Scripts } from './scripts.js';
import { StoreBug } from './unavailable.js';

/** A deletion whose invites are still to be ended: named as marks are, `channel:<guild>:<id>` … */
export interface Ending {
  readonly partition: Partition;
  readonly entity: string;
}

export function endingOf(kind: 'guild' | 'group-dm', id: Snowflake): Ending {
  return { partition: partitionOfId(id), entity: `${kind}:${id}` };
}

export function endingOfChannel(guildId: Snowflake, channelId: Snowflake): Ending {
  return { partition: partitionOfId(guildId), entity: `channel:${guildId}:${channelId}` };
}

export interface EndingStore {
  /** Looks at up to `limit` invites, and ends those that are to end. */
  step(ending: Ending, limit: number, trace?: Traceparent | null): Promise<'more' | 'done'>;
  /** Up to `limit` of those that are under way. */
  list(journal: Journal, limit: number): Promise<readonly Ending[]>;
}

export function createEndingStore(scripts: Scripts): EndingStore {
  return {
    async step({ partition, entity }, limit, trace = null) {
      const reply = new ReplyReader(
        await scripts.run('ending-step', partition, [entity, limit], trace),
        'ending-step',
      );
      return reply.oneOf(['more', 'done']);
    },

    async list(journal, limit) {
      const reply = new ReplyReader(await scripts.run('endings-list', journal, [limit]), 'endings-list');
      reply.oneOf(['listed']);
      const endings: Ending[] = [];
      while (!reply.atEnd()) endings.push(readEnding(reply.text()));
      return endings;
    },
  };
}

function readEnding(field: string): Ending {
  const [number, entity] = field.split(' ');
  const ids = entity?.split(':').slice(1) ?? [];
  if (entity === undefined || ids.length === 0 || !ids.every(isSnowflake))
    throw new StoreBug('endings-list: no ending');
  return { partition: Number(number), entity };
}
