// The part of a restore that gives codes out: vanities and invites. A code must never lead to two, whatever
// Redis held before and however often this is run: the pointer in the code's own partition decides, and
// whoever can't have it goes without.

import { partitionOfCode, partitionOfId } from '../invite/partition.js';
import {
  endedAmong,
  type LiveInvite,
  readLiveInvites,
  readVanities,
  type VanityOwner,
} from '../postgres/restore-reads.js';
import type { EndedRow, InviteRow, PointerRow } from '../store/restored-rows.js';
import { pagesOf } from './pages.js';
import * as rows from './restore-rows.js';
import { type RestoreRun, tally, wellOf } from './restore-run.js';

const PAGE = 5000;
/** How entities are called that are invites. */
const INVITE = 'invite:';
/** Behind all guilds: only then it is known of each whether it is that of Postgres. */
export async function restoreVanities(run: RestoreRun): Promise<void> {
  const { sql, redis, counts, apart } = run;
  const read = (after: string | null, limit: number) => readVanities(sql, after, limit);
  for await (const page of pagesOf(read, ({ code }) => code, PAGE)) {
    await run.proceed();
    const ours = page.filter(({ guildId }) => !apart.has(guildId));
    const lost = await claim(run, ours.map(pointerOfVanity));
    for (const { code, targetId } of lost) await redis.hasCode(targetId, code);
    counts.vanities += ours.length - lost.length;
    counts.damaged += lost.length;
    run.passed(page.length);
  }
}

function pointerOfVanity({ code, guildId, token, createdAtMs }: VanityOwner): PointerRow {
  return { code, targetId: guildId, token, claimedAtMs: createdAtMs, takeoverToken: null };
}

/** Points codes to who has them. @returns those that somebody else has and keeps */
async function claim({ redis }: RestoreRun, wanted: readonly PointerRow[]): Promise<readonly PointerRow[]> {
  const lost: PointerRow[] = [];
  const keep = (row: PointerRow, outcome: string): void => {
    if (outcome !== 'written') lost.push(row);
  };
  for (const { row, holderId, token } of await redis.pointers(wanted, keep)) {
    // The token makes this safe, as it does for those who claim (engine/claim.ts).
    const isFree = !(await redis.hasCode(holderId, row.code));
    if (!isFree) lost.push(row);
    else
      for (const held of await redis.pointers([{ ...row, takeoverToken: token }], keep)) lost.push(held.row);
  }
  return lost;
}

/** @param mayHaveEnded Redis may hold invites that have ended since */
export async function restoreInvites(run: RestoreRun, mayHaveEnded: boolean): Promise<void> {
  if (mayHaveEnded) await takeEndedAway(run);
  const { sql, redis, counts } = run;
  const read = (after: LiveInvite | null, limit: number) => readLiveInvites(sql, after, limit);
  for await (const page of pagesOf(read, (invite) => invite, PAGE)) {
    await run.proceed();
    const astray: InviteRow[] = [];
    const newest = page.filter(({ isNewest }) => isNewest);
    await redis.invites(byPlace(wellOf(run, newest, rows.inviteRow)), (invite, outcome) => {
      tally(counts, 'invites', outcome);
      if (outcome === 'written' && partitionOfCode(invite.code) !== partitionOf(invite)) astray.push(invite);
    });
    await pointTo(run, astray);
    run.passed(page.length);
  }
}

function partitionOf({ guildId, channelId }: InviteRow) {
  return partitionOfId(guildId ?? channelId);
}

/** Those of one place together: its indexes are written once for all of them. */
function byPlace(invites: readonly InviteRow[]): readonly InviteRow[] {
  const placeOf = ({ guildId, channelId }: InviteRow) => guildId ?? channelId;
  return [...invites].sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0));
}

/** Invites whose code lies elsewhere; without a pointer nobody would find them. */
async function pointTo(run: RestoreRun, invites: readonly InviteRow[]): Promise<void> {
  if (invites.length === 0) return;
  const { redis, counts } = run;
  const byCode = new Map(invites.map((invite) => [invite.code, invite]));
  // Tokens of one code grow: the seq with which the invite came to be is one.
  const wanted = invites.map(({ code, guildId, channelId, createdSeq, createdAtMs }) => ({
    code,
    targetId: guildId ?? channelId,
    token: String(createdSeq),
    claimedAtMs: createdAtMs,
    takeoverToken: null,
  }));
  const lost = await claim(run, wanted);
  const gone = lost.flatMap(({ code }): readonly EndedRow[] => {
    const invite = byCode.get(code);
    return invite === undefined ? [] : [{ ...invite, partition: partitionOf(invite) }];
  });
  await redis.ended(gone, () => {});
  counts.invites -= gone.length;
  counts.damaged += gone.length;
}

async function takeEndedAway(run: RestoreRun): Promise<void> {
  const { sql, redis, store } = run;
  for await (const entities of store.scan()) {
    const places = entities.flatMap(({ entity, partition }) =>
      entity.startsWith(INVITE) ? [{ code: entity.slice(INVITE.length), partition }] : [],
    );
    if (places.length === 0) continue;
    await run.proceed();
    const ended = await endedAmong(
      sql,
      places.map(({ code }) => code),
    );
    // A code can be an invite in one partition and a pointer in another, which is left alone.
    const gone = ended.flatMap((invite) =>
      places.filter(({ code }) => code === invite.code).map(({ partition }) => ({ ...invite, partition })),
    );
    await redis.ended(gone, () => {});
  }
}
