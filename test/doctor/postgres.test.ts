// The doctor, on real Postgres servers that are set up wrongly, and on pairs of Redis and Postgres that don't belong together.
// He changes nothing: above all he makes no schema.

import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../../src/postgres/migrate.js';
import { findPostgres, type LocalPostgres, startLocalPostgres } from '../support/local-postgres.js';
import { connectTo } from '../support/postgres.js';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { examined } from './world.js';

const programs = findPostgres();
const START_MAX_MS = 120_000;

describe.skipIf(programs === null)(
  `the doctor${programs === null ? ', but there is no Postgres here' : ''}`,
  () => {
    let redis: LocalRedis;
    let postgres: LocalPostgres;
    beforeAll(async () => {
      redis = await startLocalRedis(['--appendonly', 'yes']);
      // With its default, a sync of each commit, so that it is well.
      postgres = await startLocalPostgres(programs ?? '', ['max_connections=30']);
    }, START_MAX_MS);
    afterAll(async () => {
      await postgres?.stop();
      await redis?.stop();
    });

    const envOf = (url = postgres.url) => ({
      INVITED_POSTGRES: 'on',
      INVITED_POSTGRES_URL: url,
      INVITED_REDIS_URL: redis.url,
    });

    async function asAdmin(...texts: readonly string[]): Promise<void> {
      const client = new pg.Client({ connectionString: postgres.url });
      await client.connect();
      try {
        for (const text of texts) await client.query(text);
      } finally {
        await client.end();
      }
    }

    /** Takes a moment until it is so. */
    async function set(name: string, value: string): Promise<void> {
      await asAdmin(`alter system set ${name} = ${value}`, 'select pg_reload_conf()');
      await until(`${name} is ${value}`, async () => {
        const client = new pg.Client({ connectionString: postgres.url });
        await client.connect();
        const { rows } = await client.query<{ value: string }>(`select current_setting('${name}') as value`);
        await client.end();
        return rows[0]?.value === value;
      });
    }

    describe('on a Postgres', () => {
      afterEach(() => asAdmin('alter system reset all', 'select pg_reload_conf()'));

      it('without a schema says that the start makes it, and makes none', async () => {
        const found = await examined(envOf());
        expect(found.unwell).toEqual([]);
        expect(found.of('postgres.schema')).toEqual([
          'ok: there is no schema yet; the next start brings it up to date',
        ]);
        expect(found.of('postgres.version')[0]).toMatch(/^ok: Postgres \d+$/);
        const again = await examined(envOf());
        expect(again.of('postgres.schema')).toEqual(found.of('postgres.schema'));
      });

      it('that can lose what it has committed says how not to', async () => {
        await set('synchronous_commit', 'off');
        expect((await examined(envOf())).of('postgres.durability')[0]).toMatch(
          /^warning: .*synchronous_commit off.* → ALTER SYSTEM SET synchronous_commit = on/,
        );
        await set('fsync', 'off');
        expect((await examined(envOf())).of('postgres.durability')[0]).toMatch(
          /^problem: fsync off.* → ALTER SYSTEM SET fsync = on/,
        );
      });

      it('that takes no changes is a problem', async () => {
        await set('default_transaction_read_only', 'on');
        expect((await examined(envOf())).of('postgres.writable')[0]).toMatch(/^problem: it takes no changes/);
        await asAdmin('set default_transaction_read_only = off', 'alter system reset all');
      });

      it('that has too few connections left for our processes is a warning', async () => {
        const found = await examined({ ...envOf(), INVITED_WORKERS: '12' });
        expect(found.of('postgres.connections')[0]).toMatch(
          /^warning: \d+ of 30 in use.* → ALTER SYSTEM SET max_connections = 60/,
        );
      });

      it('whose user may not make the schema is a problem', async () => {
        await asAdmin('create role guest login');
        const found = await examined(envOf(postgres.url.replace('postgres@', 'guest@')));
        expect(found.of('postgres.schema')[0]).toMatch(
          /^problem: there is no schema yet, and this user may not make it/,
        );
      });

      it('that does not let us in, or is not there, is one problem with its reason', async () => {
        const cases: readonly (readonly [string, RegExp])[] = [
          [
            postgres.url.replace('/postgres?', '/nothing?'),
            /3D000; .* → the name of a database that is there/,
          ],
          [
            postgres.url.replace('postgres@', 'nobody-canary@'),
            /28000; .* → the right user in INVITED_POSTGRES_URL/,
          ],
          ['postgres://a:canary@127.0.0.1:1/x', /ECONNREFUSED; .* → start Postgres there/],
        ];
        for (const [url, expected] of cases) {
          const found = await examined(envOf(url));
          expect(found.unwell).toEqual(['postgres']);
          expect(found.of('postgres')[0]).toMatch(expected);
          expect(JSON.stringify(found.all)).not.toContain('canary');
        }
      });

      it('that stands still is given up', async () => {
        process.kill(postgres.pid, 'SIGSTOP');
        try {
          const found = await examined(envOf());
          expect(found.unwell).toEqual(['postgres']);
          expect(found.of('postgres')[0]).toMatch(/^problem: Postgres can't be used: no answer/);
        } finally {
          process.kill(postgres.pid, 'SIGCONT');
        }
      });
    });

    describe('on a Redis and its copy', () => {
      let client: Redis;
      beforeAll(async () => {
        client = new Redis(redis.url);
        const sql = connectTo(postgres.url);
        await migrate(sql);
        await sql.close();
      });
      afterEach(async () => {
        await client.flushall();
        await asAdmin('truncate invited.meta, invited.journals');
      });
      afterAll(() => client?.disconnect());

      const setEpochs = async (ofRedis: string | null, ofPostgres: string | null): Promise<void> => {
        if (ofRedis !== null) await client.set('invited:{0}:epoch', ofRedis);
        if (ofPostgres !== null)
          await asAdmin(`insert into invited.meta (key, value) values ('epoch', '${ofPostgres}')`);
      };

      it.each([
        [null, null, /^ok: Redis is empty: the next start opens it/],
        ['one', null, /^ok: Redis is open$/],
        ['one', 'one', /^ok: .*a copy of the same data/],
        [null, 'one', /^warning: .*it is restored as soon as a server runs → npx invited start/],
        [
          'one',
          'two',
          /^problem: Redis and Postgres hold different data: .* → .*INVITED_REDIS_URL and INVITED_POSTGRES_URL/,
        ],
      ] as const)(
        'of the epochs %s and %s says whether they belong together',
        async (ofRedis, ofPostgres, expected) => {
          await setEpochs(ofRedis, ofPostgres);
          const found = await examined(envOf());
          expect(found.of('postgres.schema')[0]).toMatch(/^ok: version \d+, up to date/);
          expect(found.of('data.epoch')).toEqual([expect.stringMatching(expected)]);
        },
      );

      it('says how long a change has waited to be copied, and how full the stream is', async () => {
        await setEpochs('one', 'one');
        const longAgo = Date.now() - 60_000;
        for (const at of [longAgo - 1000, longAgo, longAgo + 30_000])
          await client.xadd('invited:{0}:events', `${at}-0`, 'a', 'b');
        await asAdmin(
          `insert into invited.journals (journal, fence, stream_id, seq) values (0, 1, '${longAgo - 1000}-0', 1)`,
        );
        const late = await examined({ ...envOf(), INVITED_STREAM_MAX: '1000' });
        const [, seconds] = /^warning: Postgres is (\d+) s behind/.exec(late.of('data.copy')[0] ?? '') ?? [];
        expect(Number(seconds)).toBeGreaterThanOrEqual(60);
        expect(Number(seconds)).toBeLessThan(120);
        expect(late.of('data.stream')).toEqual([expect.stringMatching(/^ok: 3 of 1000 entries/)]);

        await asAdmin(`update invited.journals set stream_id = '${longAgo + 30_000}-0'`);
        expect((await examined(envOf())).of('data.copy')).toEqual(['ok: Postgres is 0 ms behind']);
        const pipeline = client.pipeline();
        for (let at = 3; at < 1000; at += 1) pipeline.xadd('invited:{0}:events', '*', 'a', 'b');
        await pipeline.exec();
        const full = await examined({ ...envOf(), INVITED_STREAM_MAX: '1000' });
        expect(full.of('data.stream')[0]).toMatch(/^problem: 1000 of 1000 .*: changes get 503/);
      });

      it('will not touch a schema that is newer', async () => {
        await asAdmin(`insert into invited.schema_migrations (version, name) values (9999, 'of-the-future')`);
        try {
          expect((await examined(envOf())).of('postgres.schema')[0]).toMatch(
            /^problem: .*newer invited.*9999/,
          );
        } finally {
          await asAdmin('delete from invited.schema_migrations where version = 9999');
        }
      });
    });
  },
);
