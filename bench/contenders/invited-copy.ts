// How far the copy in Postgres is, asked of Postgres and of Redis themselves.

import type { Redis } from 'ioredis';
import { Client } from 'pg';
import { isLater } from '../../src/postgres/journals.js';

/** The embedded Postgres makes its database at the first start, in the background. */
const READY_MAX_MS = 180_000;
const WHOLE_MAX_MS = 300_000;
const LOOK_EVERY_MS = 20;

/** What was still to be copied when one began to wait, and how long that took. */
export interface Drained {
  /** Events; each join is one, and two rows. */
  readonly events: number;
  readonly ms: number;
}

export class InvitedCopy {
  readonly #redis: Redis;
  readonly #client: Client;

  private constructor(redis: Redis, client: Client) {
    this.#redis = redis;
    this.#client = client;
  }

  /** Waits for Postgres, so that its making doesn't get into what is measured. */
  static async open(redis: Redis, url: string): Promise<InvitedCopy> {
    const deadline = performance.now() + READY_MAX_MS;
    for (;;) {
      const client = new Client({ connectionString: url });
      client.on('error', () => {});
      try {
        await client.connect();
        const copy = new InvitedCopy(redis, client);
        await copy.untilWhole();
        return copy;
      } catch (error) {
        await client.end().catch(() => {});
        if (performance.now() > deadline) throw error;
        await pause();
      }
    }
  }

  /** Waits until Postgres has all that happened before. */
  async untilWhole(): Promise<Drained> {
    const startedAt = performance.now();
    const [newest] = await this.#redis.xrevrange('invited:{0}:events', '+', '-', 'COUNT', 1);
    const seq = Number(await this.#redis.get('invited:{0}:seq'));
    const first = await this.#position();
    let now = first;
    while (
      newest !== undefined &&
      (now.streamId === null || isLater(newest[0], now.streamId)) &&
      performance.now() - startedAt < WHOLE_MAX_MS
    ) {
      await pause();
      now = await this.#position();
    }
    return { events: Math.max(0, seq - first.seq), ms: performance.now() - startedAt };
  }

  close(): Promise<void> {
    return this.#client.end();
  }

  async #position(): Promise<{ readonly streamId: string | null; readonly seq: number }> {
    const { rows } = await this.#client.query<{ stream_id: string | null; seq: string }>(
      'select stream_id, seq from invited.journals where journal = 0',
    );
    return { streamId: rows[0]?.stream_id ?? null, seq: Number(rows[0]?.seq ?? 0) };
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
