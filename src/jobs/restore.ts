// Fills Redis with all that Postgres knows, while it is closed to everyone else: whoever calls this has
// closed it, holds the lease 'restore', and opens it when this has resolved; if it rejects, Redis is half
// full and must stay closed. It can be run again. What is newer in Redis is left alone, and what has ended
// stays ended.

import type { Snowflake } from '../invite/id.js';
import type { Sql, SqlSession } from '../postgres/connection.js';
import type { GuildState, Present } from '../postgres/entities.js';
import { type JournalState, journalStates } from '../postgres/journals.js';
import * as directory from '../postgres/read-directory.js';
import { fenceAllJournals, largestSeq, patient, vanityJoins } from '../postgres/restore-reads.js';
import type { GuildRow } from '../store/restored-rows.js';
import type { Store } from '../store/store.js';
import { Lease } from './leases.js';
import { pagesOf } from './pages.js';
import { restoreInvites, restoreVanities } from './restore-codes.js';
import * as rows from './restore-rows.js';
import { RestoreInterrupted, type RestoreRun, type RestoreSummary, tally, wellOf } from './restore-run.js';

export { RestoreInterrupted, type RestoreSummary } from './restore-run.js';

export interface RestoreOptions {
  readonly store: Store;
  readonly sql: Sql;
  /** Of the lease 'restore'. */
  readonly holder: string;
  /** Told every few thousand rows how many have been gone through. */
  readonly onProgress: (done: number) => void;
  readonly stopping: AbortSignal;
}

/** Rows read at once; what is written of them goes out in smaller calls. */
const PAGE = 5000;
/** A guild's and a channel's records are of some kilobytes. */
const PAGE_OF_RECORDS = 1000;
/** Entries of the stream that a script looks at. */
const ENTRIES = 100;
/** Behind the smallest key of all, so that ids that can't be are found too. */
const BEFORE_ALL = '-9223372036854775808' as Snowflake;

/** @throws RestoreInterrupted, RestoreRefused, StoreUnavailable, PostgresUnavailable */
export async function restore(options: RestoreOptions): Promise<RestoreSummary> {
  const startedAt = performance.now();
  const { store, sql, holder } = options;
  const leases = store.journals.map((journal) => new Lease(store.journal, journal, 'restore', holder));
  const run = newRun(options, leases);
  try {
    await run.proceed();
    await fenceAllJournals(sql);
    const journals = await journalStates(sql);
    const heldAnything = await begin(run, journals);
    await restoreGuilds(run);
    await restoreChannels(run);
    await restoreVanities(run);
    await restoreMembers(run);
    await restoreBans(run);
    await restorePeople(run);
    await restoreInvites(run, heldAnything);
    await end(run, journals);
    return { ...run.counts, newestMs: newestOf(journals), tookMs: Math.round(performance.now() - startedAt) };
  } finally {
    // The first one is the caller's.
    await Promise.all(leases.slice(1).map((lease) => lease.giveBack().catch(() => {})));
  }
}

function newRun(
  { store, sql, holder, stopping, onProgress }: RestoreOptions,
  leases: readonly Lease[],
): RestoreRun {
  let done = 0;
  const counts = {
    ...{ guilds: 0, channels: 0, members: 0, bans: 0, ipBans: 0, users: 0, groupDms: 0 },
    ...{ invites: 0, vanities: 0, damaged: 0 },
  };
  return {
    sql: patient(sql),
    store,
    redis: store.restoring(holder),
    counts,
    apart: new Set(),
    async proceed() {
      if (stopping.aborted) throw new RestoreInterrupted('the restore was ended');
      const held = await Promise.all(leases.map((lease) => lease.hold()));
      if (!held.every(Boolean)) throw new RestoreInterrupted('another process restores now');
    },
    passed(more) {
      done += more;
      onProgress(done);
    },
  };
}

/** Has there been anything in this Redis? */
async function begin(
  { sql, redis, store, proceed }: RestoreRun,
  journals: readonly JournalState[],
): Promise<boolean> {
  const seq = await largestSeq(sql);
  const heldAnything = await Promise.all(
    store.journals.map(async (journal) => {
      const known = journals.find((state) => state.journal === journal)?.position?.streamId ?? null;
      let looked = await redis.begin(journal, seq, known, ENTRIES);
      const { heldAnything } = looked;
      while (looked.next !== null) {
        await proceed();
        looked = await redis.begin(journal, seq, looked.next, ENTRIES);
      }
      return heldAnything;
    }),
  );
  return heldAnything.includes(true);
}

async function end({ redis, store, counts }: RestoreRun, journals: readonly JournalState[]): Promise<void> {
  const { damaged: _, ...restored } = counts;
  // The demo must not be loaded over what is somebody's.
  if (Object.values(restored).some((count) => count > 0)) await store.markDone('demo');
  await Promise.all(
    store.journals.map((journal) =>
      redis.end(journal, journals.find((state) => state.journal === journal)?.position?.streamId ?? null),
    ),
  );
}

/** Goes through one table of the directory. */
async function each<State, Row>(
  run: RestoreRun,
  read: (after: State | null, limit: number) => Promise<readonly Present<State>[]>,
  limit: number,
  rowOf: (state: State) => Row | null,
  write: (rows: readonly Row[]) => Promise<void>,
): Promise<void> {
  const readStates = async (after: State | null, most: number) =>
    (await read(after, most)).map(({ state }) => state);
  for await (const page of pagesOf(readStates, (state) => state, limit)) {
    await run.proceed();
    await write(wellOf(run, page, rowOf));
    run.passed(page.length);
  }
}

async function restoreGuilds(run: RestoreRun): Promise<void> {
  const { sql, redis, counts, apart } = run;
  await each(
    run,
    (after: GuildState | null, limit) => directory.readGuilds(sql, after?.id ?? BEFORE_ALL, limit),
    PAGE_OF_RECORDS,
    (guild): GuildRow | null => {
      const { row, damaged } = rows.guildRow(guild);
      // The caller counts the guild itself.
      if (row !== null) counts.damaged += damaged;
      if (guild.vanity !== null && !row?.vanity) apart.add(guild.id);
      return row;
    },
    async (guilds) => {
      await redis.guilds(await withLedger(sql, guilds), (guild, outcome) => {
        tally(counts, 'guilds', outcome);
        if (outcome !== 'written') apart.add(guild.id);
      });
    },
  );
}

/** The uses of vanity codes are the larger of what their row and the ledger of joins say. */
async function withLedger(sql: SqlSession, guilds: readonly GuildRow[]): Promise<readonly GuildRow[]> {
  const codes = guilds.flatMap(({ vanity }) => (vanity === null ? [] : [vanity.code]));
  const joins = await vanityJoins(sql, codes);
  return guilds.map((guild) => {
    if (guild.vanity === null) return guild;
    const uses = Math.max(guild.vanity.uses, joins.get(guild.vanity.code) ?? 0);
    return { ...guild, vanity: { ...guild.vanity, uses } };
  });
}

async function restoreChannels(run: RestoreRun): Promise<void> {
  const { sql, redis, counts } = run;
  await each(
    run,
    (after, limit) => directory.readChannels(sql, after ?? { guildId: BEFORE_ALL, id: BEFORE_ALL }, limit),
    PAGE_OF_RECORDS,
    rows.channelRow,
    async (channels) => {
      const written: (typeof channels)[number][] = [];
      await redis.channels(channels, (channel, outcome) => {
        tally(counts, 'channels', outcome);
        if (outcome === 'written') written.push(channel);
      });
      await redis.channelHomes(written);
    },
  );
}

async function restoreMembers(run: RestoreRun): Promise<void> {
  const { sql, redis, counts } = run;
  await each(
    run,
    (after, limit) => directory.readMembers(sql, after ?? { guildId: BEFORE_ALL, userId: BEFORE_ALL }, limit),
    PAGE,
    rows.memberRow,
    (members) => redis.members(members, (_, outcome) => tally(counts, 'members', outcome)),
  );
}

async function restoreBans(run: RestoreRun): Promise<void> {
  const { sql, redis, counts } = run;
  await each(
    run,
    (after, limit) => directory.readBans(sql, after ?? { guildId: BEFORE_ALL, userId: BEFORE_ALL }, limit),
    PAGE,
    rows.banRow,
    (bans) => redis.bans(bans, (_, outcome) => tally(counts, 'bans', outcome)),
  );
  await each(
    run,
    (after, limit) => directory.readIpBans(sql, after ?? { guildId: BEFORE_ALL, addressKey: '' }, limit),
    PAGE,
    rows.ipBanRow,
    (bans) => redis.bans(bans, (_, outcome) => tally(counts, 'ipBans', outcome)),
  );
}

/** Users and group DMs. */
async function restorePeople(run: RestoreRun): Promise<void> {
  const { sql, redis, counts } = run;
  await each(
    run,
    (after, limit) => directory.readUsers(sql, after?.id ?? BEFORE_ALL, limit),
    PAGE,
    rows.userRow,
    (users) => redis.users(users, (_, outcome) => tally(counts, 'users', outcome)),
  );
  await each(
    run,
    (after, limit) => directory.readGroupDms(sql, after?.id ?? BEFORE_ALL, limit),
    PAGE_OF_RECORDS,
    rows.groupDmRow,
    (groupDms) => redis.groupDms(groupDms, (_, outcome) => tally(counts, 'groupDms', outcome)),
  );
}

/** A journal of which only entities were ever copied knows no moment of its own. */
function newestOf(journals: readonly JournalState[]): number | null {
  const moments = journals.flatMap(({ position, writtenAtMs }) => position?.newestAtMs || writtenAtMs || []);
  return moments.length === 0 ? null : Math.max(...moments);
}
