// The figures of the jobs processes, as they are told to the HTTP workers: their form, and what those of several add up to.

import * as v from 'valibot';

const number = v.number();
const figures = v.object({
  /** Marks and entries of all journals that wait, or stay for those who read the stream; null: not known now. */
  dirtyEntities: v.nullable(number),
  streamEntries: v.nullable(number),
  /** Entries of the fullest journal, divided by as many as it may have; null: not known now, likewise below. */
  streamFill: v.nullable(number),
  redisMemory: v.nullable(v.object({ usedBytes: number, maxBytes: v.nullable(number) })),
  /** By reader: how old the oldest event is that he doesn't have. */
  eventsLagMs: v.nullable(v.record(v.string(), number)),
  /** How old the oldest is of what Postgres doesn't have; null: there is none, or it is not known now. */
  lagMs: v.nullable(number),
  /** Since the process started, like all that follows. */
  rows: number,
  rowsPerSecond: number,
  damaged: number,
  lastSuccessAtMs: v.nullable(number),
  /** null: there is no Postgres. */
  isPostgresUp: v.nullable(v.boolean()),
  recovery: v.picklist(['open', 'checking', 'restoring']),
  restores: number,
  lastRestoreAtMs: v.nullable(number),
  /** null: there are none. */
  webhooks: v.nullable(
    v.object({
      delivered: number,
      failedAttempts: number,
      outstanding: number,
      /** Of all webhooks together; null: not known now. */
      deadLetters: v.nullable(number),
    }),
  ),
});

export type JobsFigures = v.InferOutput<typeof figures>;
export type WebhookFigures = NonNullable<JobsFigures['webhooks']>;

const told = v.pipe(v.string(), v.parseJson(), figures);

/**
 * What several processes on one Redis come to. All of them see the same journals, each copies a part.
 * @returns null: no process told anything that can be read
 */
export function sumFigures(texts: readonly string[]): JobsFigures | null {
  const all = texts.flatMap((text) => {
    // Of a process of another version they may look otherwise.
    const read = v.safeParse(told, text);
    return read.success ? [read.output] : [];
  });
  if (all.length === 0) return null;
  const most = (pick: (one: JobsFigures) => number | null): number | null =>
    all.map(pick).reduce((a, b) => (a === null || b === null ? (a ?? b) : Math.max(a, b)), null);
  const sum = (pick: (one: JobsFigures) => number): number =>
    all.reduce((total, one) => total + pick(one), 0);
  const reached = all.flatMap(({ isPostgresUp }) => (isPostgresUp === null ? [] : [isPostgresUp]));
  const recovery = all.map((one) => one.recovery);
  return {
    dirtyEntities: most((one) => one.dirtyEntities),
    streamEntries: most((one) => one.streamEntries),
    streamFill: most((one) => one.streamFill),
    redisMemory: all.find((one) => one.redisMemory !== null)?.redisMemory ?? null,
    eventsLagMs: all.find((one) => one.eventsLagMs !== null)?.eventsLagMs ?? null,
    lagMs: most((one) => one.lagMs),
    rows: sum((one) => one.rows),
    rowsPerSecond: sum((one) => one.rowsPerSecond),
    damaged: sum((one) => one.damaged),
    lastSuccessAtMs: most((one) => one.lastSuccessAtMs),
    // What one can't reach, it doesn't copy.
    isPostgresUp: reached.length === 0 ? null : reached.every((isUp) => isUp),
    recovery: (['restoring', 'checking'] as const).find((state) => recovery.includes(state)) ?? 'open',
    restores: sum((one) => one.restores),
    lastRestoreAtMs: most((one) => one.lastRestoreAtMs),
    webhooks: all.every(({ webhooks }) => webhooks === null)
      ? null
      : {
          delivered: sum((one) => one.webhooks?.delivered ?? 0),
          failedAttempts: sum((one) => one.webhooks?.failedAttempts ?? 0),
          outstanding: sum((one) => one.webhooks?.outstanding ?? 0),
          deadLetters: most((one) => one.webhooks?.deadLetters ?? null),
        },
  };
}
