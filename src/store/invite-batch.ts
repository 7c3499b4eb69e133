// What the two batched scripts share: requests are grouped by code, each group says what we know of its invite, and
// what comes back is shown with one reading of names for all of them.

import type { Snowflake } from '../invite/id.js';
import type { InviteRevision } from '../invite/invite.js';
import { type Partition, partitionOfCode, partitionOfId } from '../invite/partition.js';
import type { Traceparent } from '../invite/trace.js';
import type { Kept, Presenter } from './present.js';
import { ReplyReader, type ToldRevision } from './reply.js';
import type { Argument, Scripts } from './scripts.js';
import { ScriptRefused, StoreBug } from './unavailable.js';

export interface CodeRequest {
  readonly code: string;
  /** The guild that a pointer named; null at the first look-up. */
  readonly followed: Snowflake | null;
  /** The trace that it is part of, for the events that come of it; left out, or null: none. */
  readonly trace?: Traceparent | null;
}

/** A code in another partition than what it leads to: ask again there. */
export interface Pointer {
  readonly status: 'pointer';
  readonly targetId: Snowflake;
}

/** The requests of a batch for one code. */
export interface Group<Request> {
  readonly code: string;
  readonly followed: Snowflake | null;
  readonly partition: Partition;
  readonly kept: Kept | null;
  readonly requests: Request[];
  /** Where each of them stands in the batch. */
  readonly places: number[];
}

/** What a group's reply says: the script's own word, and whether there is an invite to show. */
export interface GroupReply<Word> {
  readonly word: Word;
  readonly shows: boolean;
  /** null: nothing to show, or what we know already. */
  readonly told: ToldRevision | null;
}

export interface BatchedScript<Request extends CodeRequest, Word, Answer> {
  readonly name: string;
  /** What the script wants of a group beside its key, code, pointer and revision. */
  readonly argumentsOf: (group: Group<Request>) => readonly Argument[];
  readonly readReply: (reply: ReplyReader, group: Group<Request>) => GroupReply<Word>;
  /** The answer to each request of the group, in order. */
  readonly answersOf: (
    word: Word,
    revision: InviteRevision | null,
    group: Group<Request>,
  ) => readonly Answer[];
}

/** KEYS[1] is the journal's. */
const FIRST_PARTITION = 2;

export function partitionOf({ code, followed }: CodeRequest): Partition {
  return followed === null ? partitionOfCode(code) : partitionOfId(followed);
}

/**
 * Runs a batched script once for all requests; the answers come in their order.
 * Where Redis refuses it (one record is not what it should be), each code is asked for by itself, so that only those
 * fail who ask for the broken one. That is safe: a script fails before its first write or not at all (lua/README.md).
 */
export async function runBatch<Request extends CodeRequest, Word, Answer>(
  script: BatchedScript<Request, Word, Answer>,
  scripts: Scripts,
  presenter: Presenter,
  requests: readonly Request[],
): Promise<readonly (Answer | Error)[]> {
  const groups = groupByCode(requests, presenter);
  const answers: (Answer | Error)[] = new Array(requests.length);
  try {
    await runGroups(script, scripts, presenter, groups, answers);
  } catch (error) {
    if (!(error instanceof ScriptRefused) || groups.length === 1) throw error;
    for (const group of groups) {
      await runGroups(script, scripts, presenter, [group], answers).catch((problem: unknown) => {
        if (!(problem instanceof Error)) throw problem;
        for (const place of group.places) answers[place] = problem;
      });
    }
  }
  return answers;
}

async function runGroups<Request extends CodeRequest, Word, Answer>(
  script: BatchedScript<Request, Word, Answer>,
  scripts: Scripts,
  presenter: Presenter,
  groups: readonly Group<Request>[],
  answers: (Answer | Error)[],
): Promise<void> {
  const keyOf = new Map<Partition, number>();
  for (const { partition } of groups)
    if (!keyOf.has(partition)) keyOf.set(partition, keyOf.size + FIRST_PARTITION);
  const args: Argument[] = [];
  for (const group of groups) {
    args.push(keyOf.get(group.partition) ?? 0, group.code, group.followed ?? '', group.kept?.name ?? '');
    args.push(...script.argumentsOf(group));
  }
  // Both are sent now, one behind the other.
  const [reply, names] = await Promise.all([
    scripts.run(script.name, [...keyOf.keys()], args, tracesOf(groups)),
    presenter.readNames(groups.map(({ kept }) => kept)),
  ]);

  const fields = new ReplyReader(reply, script.name);
  const replies = groups.map((group) => script.readReply(fields.innerOrText(), group));
  fields.end();
  const shown = replies.flatMap(({ shows, told }, at) =>
    shows ? [{ told, kept: groups[at]?.kept ?? null }] : [],
  );
  const revisions = (await presenter.present(shown, names)).values();

  groups.forEach((group, at) => {
    const { word, shows } = replies[at] as GroupReply<Word>;
    const revision = shows ? (revisions.next().value ?? null) : null;
    const ofGroup = script.answersOf(word, revision, group);
    if (ofGroup.length !== group.places.length)
      throw new StoreBug(`${script.name}: not one answer a request`);
    group.places.forEach((place, index) => {
      answers[place] = ofGroup[index] as Answer;
    });
  });
}

/** As lua/lib/trace.lua takes them; null: none. */
function tracesOf(groups: readonly Group<CodeRequest>[]): string | null {
  let traces: string | null = null;
  let number = 0;
  for (const { requests } of groups) {
    for (const { trace } of requests) {
      number += 1;
      if (trace == null) continue;
      traces = traces === null ? `${number} ${trace}` : `${traces},${number} ${trace}`;
    }
  }
  return traces;
}

function groupByCode<Request extends CodeRequest>(
  requests: readonly Request[],
  presenter: Presenter,
): readonly Group<Request>[] {
  const groups = new Map<string, Group<Request>>();
  requests.forEach((request, place) => {
    const { code, followed } = request;
    const name = followed === null ? code : `${code} ${followed}`;
    let group = groups.get(name);
    if (group === undefined) {
      const partition = partitionOf(request);
      group = { code, followed, partition, kept: presenter.kept(code), requests: [], places: [] };
      groups.set(name, group);
    }
    group.requests.push(request);
    group.places.push(place);
  });
  return [...groups.values()];
}
