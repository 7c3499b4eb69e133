// The scripts that put back what Postgres knows (lua/restore-*.lua), in calls of bounded size. They work on
// closed journals only, and for nobody but the holder of the lease 'restore'. Decides nothing.

import type { Snowflake } from '../invite/id.js';
import { type Partition, partitionOfId } from '../invite/partition.js';
import { type Journal, journalOf } from './journals.js';
import { ReplyReader } from './reply.js';
import type {
  BanRow,
  ChannelRow,
  EndedRow,
  GroupDmRow,
  GuildRow,
  InviteRow,
  Kind,
  MemberRow,
  PointerRow,
  UserRow,
} from './restored-rows.js';
import * as kinds from './restored-rows.js';
import type { Argument, Scripts } from './scripts.js';
import { StoreBug } from './unavailable.js';

/**
 * `kept`: what Redis has is newer. `nowhere`: what it belongs to isn't there. `over`: expired or used up.
 * `taken`: the code leads to something else.
 */
export type RowOutcome = 'written' | 'kept' | 'nowhere' | 'over' | 'taken';

export type Tell<Row> = (row: Row, outcome: RowOutcome) => void;

export interface Held {
  readonly row: PointerRow;
  readonly holderId: Snowflake;
  readonly token: string;
}

/** `open`: somebody opened the journal. `lost`: the lease is another's now. */
export class RestoreRefused extends Error {
  readonly why: 'open' | 'lost';

  constructor(why: 'open' | 'lost') {
    super(why === 'open' ? 'the journal was opened meanwhile' : 'another process restores now');
    this.why = why;
  }
}

interface Call<Row> {
  readonly partitions: Map<Partition, number>;
  readonly args: Argument[];
  readonly rows: Row[];
  /** Of the group that is being filled: its owner, and where its count stands. */
  owner: string | null;
  countAt: number;
}

/** Redis is busy with a call for a millisecond or two. */
const ROWS_A_CALL = 500;
const ARGS_A_CALL = 8000;

const OUTCOMES: Readonly<Record<string, RowOutcome>> = {
  w: 'written',
  k: 'kept',
  n: 'nowhere',
  o: 'over',
  t: 'taken',
};

/**
 * Everything a restore may ask of Redis, on behalf of one holder of the lease. All reject with RestoreRefused
 * without it.
 */
export class Restoring {
  readonly #scripts: Scripts;
  readonly #isCluster: boolean;
  readonly #holder: string;

  constructor(scripts: Scripts, isCluster: boolean, holder: string) {
    this.#scripts = scripts;
    this.#isCluster = isCluster;
    this.#holder = holder;
  }

  /**
   * Looks at `entriesMax` entries of the stream behind `after` (null: from its start).
   * @returns whether the journal held anything before, and the entry to go on behind, if there are more
   */
  async begin(journal: Journal, seq: number, after: string | null, entriesMax: number) {
    const reply = await this.#ask('restore-begin', [journal], [seq, after ?? '', entriesMax], 'begun');
    const heldAnything = reply.integer() === 1;
    const next = reply.text();
    return { heldAnything, next: next === '' ? null : next };
  }

  async end(journal: Journal, lastId: string | null): Promise<void> {
    await this.#ask('restore-end', [journal], [lastId ?? ''], 'ended');
  }

  guilds(rows: readonly GuildRow[], tell: Tell<GuildRow>): Promise<void> {
    return this.#write(kinds.GUILDS, rows, tell);
  }

  channels(rows: readonly ChannelRow[], tell: Tell<ChannelRow>): Promise<void> {
    return this.#write(kinds.CHANNELS, rows, tell);
  }

  channelHomes(rows: readonly ChannelRow[]): Promise<void> {
    return this.#write(kinds.CHANNEL_HOMES, rows, () => {});
  }

  members(rows: readonly MemberRow[], tell: Tell<MemberRow>): Promise<void> {
    return this.#write(kinds.MEMBERS, rows, tell);
  }

  bans(rows: readonly BanRow[], tell: Tell<BanRow>): Promise<void> {
    return this.#write(kinds.BANS, rows, tell);
  }

  users(rows: readonly UserRow[], tell: Tell<UserRow>): Promise<void> {
    return this.#write(kinds.USERS, rows, tell);
  }

  groupDms(rows: readonly GroupDmRow[], tell: Tell<GroupDmRow>): Promise<void> {
    return this.#write(kinds.GROUP_DMS, rows, tell);
  }

  invites(rows: readonly InviteRow[], tell: Tell<InviteRow>): Promise<void> {
    return this.#write(kinds.INVITES, rows, tell);
  }

  ended(rows: readonly EndedRow[], tell: Tell<EndedRow>): Promise<void> {
    return this.#write(kinds.ENDED, rows, tell);
  }

  /** @returns those that another pointer holds, which are not told of otherwise */
  async pointers(rows: readonly PointerRow[], tell: Tell<PointerRow>): Promise<readonly Held[]> {
    const held: Held[] = [];
    await this.#write(kinds.POINTERS, rows, tell, (row, reply) => {
      held.push({ row, holderId: reply.id(), token: reply.text() });
    });
    return held;
  }

  /**
   * Does this guild or group DM have the code? A guild whose vanity it is loses it, unless it is newer here.
   */
  async hasCode(id: Snowflake, code: string): Promise<boolean> {
    const name = 'restore-vanity';
    const reply = await this.#run(name, [partitionOfId(id)], [id, code]);
    return reply.oneOf(['has', 'has_not']) === 'has';
  }

  async #write<Row>(
    kind: Kind<Row>,
    rows: readonly Row[],
    tell: Tell<Row>,
    tellHeld?: (row: Row, reply: ReplyReader) => void,
  ): Promise<void> {
    await Promise.all(
      this.#callsOf(kind, rows).map(async (call) => {
        const reply = await this.#ask(kind.script, [...call.partitions.keys()], call.args, 'restored');
        const letters = reply.text();
        call.rows.forEach((row, at) => {
          const letter = letters[at] ?? '';
          const outcome = OUTCOMES[letter];
          if (outcome !== undefined) tell(row, outcome);
          else if (letter === 'h' && tellHeld !== undefined) tellHeld(row, reply);
          else throw new StoreBug(`${kind.script}: an unknown letter`);
        });
      }),
    );
  }

  #callsOf<Row>(kind: Kind<Row>, rows: readonly Row[]): readonly Call<Row>[] {
    const calls: Call<Row>[] = [];
    // A call stays within one journal.
    const open = new Map<Journal, Call<Row>>();
    for (const row of rows) {
      const partition = kind.partitionOf(row);
      const journal = journalOf(partition, this.#isCluster);
      let call = open.get(journal);
      if (call === undefined || call.rows.length >= ROWS_A_CALL || call.args.length >= ARGS_A_CALL) {
        call = { partitions: new Map(), args: [], rows: [], owner: null, countAt: 0 };
        open.set(journal, call);
        calls.push(call);
      }
      add(call, kind, row, partition);
    }
    return calls;
  }

  async #ask<const Word extends string>(
    name: string,
    partitions: readonly Partition[],
    args: readonly Argument[],
    word: Word,
  ): Promise<ReplyReader> {
    const reply = await this.#run(name, partitions, args);
    reply.oneOf([word]);
    return reply;
  }

  async #run(
    name: string,
    partitions: readonly Partition[],
    args: readonly Argument[],
  ): Promise<ReplyReader> {
    const reply: unknown = await this.#scripts.run(name, partitions, [...args, this.#holder]);
    if (Array.isArray(reply) && (reply[0] === 'open' || reply[0] === 'lost')) {
      throw new RestoreRefused(reply[0]);
    }
    return new ReplyReader(reply, name);
  }
}

function add<Row>(call: Call<Row>, kind: Kind<Row>, row: Row, partition: Partition): void {
  const { partitions, args, rows } = call;
  let key = partitions.get(partition);
  if (key === undefined) {
    // KEYS[1] is the journal's.
    key = partitions.size + 2;
    partitions.set(partition, key);
  }
  const owner = kind.ownerOf?.(row);
  if (owner === undefined) {
    args.push(key);
  } else if (owner === call.owner) {
    args[call.countAt] = Number(args[call.countAt]) + 1;
  } else {
    call.owner = owner;
    call.countAt = args.length + 2;
    args.push(key, owner, 1);
  }
  args.push(...kind.args(row));
  rows.push(row);
}
