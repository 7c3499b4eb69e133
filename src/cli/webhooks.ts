// `invited webhooks`: lists the events that webhooks did not take, and sends them again.

import { planOf } from './plan.js';
import { type Print, terminal } from './print.js';
import { parseCommand, UsageError } from './usage-error.js';

const USAGE = 'Usage: invited webhooks list [--json] | invited webhooks replay [--id EVENT_ID | --all]';

/** A dead letter as it is listed. */
export interface ListedLetter {
  readonly eventId: string;
  readonly type: string;
  readonly guildId: string | null;
  readonly consumer: string;
  readonly url: string;
  readonly attempts: number;
  readonly reason: string;
  readonly atMs: number;
  /** The event. */
  readonly json: string;
}

export interface DeadLetterBox {
  /** Page by page, oldest first. */
  list(): AsyncIterable<readonly ListedLetter[]>;
  /** @param eventId null: all */
  replay(
    eventId: string | null,
    onLeft: (letter: ListedLetter, why: string) => void,
  ): Promise<{ readonly delivered: number; readonly left: number }>;
  close(): Promise<void>;
}

export interface WebhooksContext {
  open(): Promise<DeadLetterBox>;
  /** A sentence for an error that means that Redis can't be had; null: it is another. */
  outageOf(error: unknown): string | null;
  readonly print?: Print;
}

type Plan =
  | { readonly verb: 'list'; readonly isJson: boolean }
  | { readonly verb: 'replay'; readonly eventId: string | null };

const LEFT_LINES_MAX = 100;

/** @returns the exit code: 0; 1 when letters that were sent again are left; 2 for wrong arguments or when Redis can't be had */
export async function webhooks(args: readonly string[], context: WebhooksContext): Promise<number> {
  const print = context.print ?? terminal;
  const plan = planOf(USAGE, print, () => readArguments(args));
  if (typeof plan === 'number') return plan;
  let box: DeadLetterBox | null = null;
  try {
    box = await context.open();
    if (plan.verb === 'replay') return await replay(box, plan.eventId, print);
    await (plan.isJson ? listJson(box, print) : listTable(box, print));
    return 0;
  } catch (error) {
    const outage = context.outageOf(error);
    if (outage === null) throw error;
    print.err(`Could not ${plan.verb}: ${outage}`);
    return 2;
  } finally {
    await box?.close();
  }
}

/** null: the caller asked for help. */
function readArguments(args: readonly string[]): Plan | null {
  const { values, positionals } = parseCommand({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      id: { type: 'string' },
      all: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return null;
  const { json, id, all } = values;
  const [verb, ...others] = positionals;
  if (others.length > 0) throw new UsageError('There are too many arguments.');
  switch (verb) {
    case 'list':
      if (id !== undefined || all) throw new UsageError('--id and --all go with replay.');
      return { verb, isJson: json };
    case 'replay':
      if (json) throw new UsageError('--json goes with list.');
      if ((id !== undefined) === all) throw new UsageError('Give either --id or --all.');
      if (id === '') throw new UsageError('--id must be the id of an event.');
      return { verb, eventId: id ?? null };
    default:
      throw new UsageError('Say list or replay.');
  }
}

/** One line of JSON each. */
async function listJson(box: DeadLetterBox, print: Print): Promise<void> {
  for await (const page of box.list()) {
    for (const { eventId, type, guildId, consumer, url, attempts, reason, atMs, json } of page) {
      const shown = { id: eventId, type, guild_id: guildId, consumer, url, attempts, reason };
      const fields = JSON.stringify({ ...shown, at: new Date(atMs).toISOString() });
      print.out(`${fields.slice(0, -1)},"event":${json}}`);
    }
  }
}

async function listTable(box: DeadLetterBox, print: Print): Promise<void> {
  const rows: (readonly string[])[] = [['id', 'type', 'url', 'attempts', 'reason', 'at']];
  for await (const page of box.list()) {
    for (const { eventId, type, url, attempts, reason, atMs } of page) {
      rows.push([eventId, type, url, String(attempts), reason, new Date(atMs).toISOString()]);
    }
  }
  if (rows.length === 1) {
    print.out('No dead letters.');
    return;
  }
  const widths = (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0),
  );
  for (const row of rows) {
    print.out(
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
}

async function replay(box: DeadLetterBox, eventId: string | null, print: Print): Promise<number> {
  let told = 0;
  const { delivered, left } = await box.replay(eventId, (letter, why) => {
    told += 1;
    if (told <= LEFT_LINES_MAX) print.err(`${letter.eventId} to ${letter.url}: ${why}`);
  });
  if (told > LEFT_LINES_MAX) print.err(`… and ${told - LEFT_LINES_MAX} more`);
  if (eventId !== null && delivered + left === 0) {
    print.err('There is no dead letter of this event.');
    return 1;
  }
  print.out(`${delivered} delivered, ${left} left.`);
  return left === 0 ? 0 : 1;
}
