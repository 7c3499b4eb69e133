// The connection: what fails is told apart and tells nothing of the data; what is away ends nothing; transactions keep to
// themselves, on one session as on many.

import { createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectPostgres, type Sql, statement } from '../../src/postgres/connection.js';
import { PostgresBug, PostgresUnavailable } from '../../src/postgres/unavailable.js';
import { Secret } from '../../src/secret.js';
import { StartError } from '../../src/start-error.js';
import { connectTo, onEachPostgres, onServerOnly } from '../support/postgres.js';
import { until } from '../support/until.js';
import { rowsOf } from './journal.js';

const ONE = statement('one', 'select 1 as one');

async function problemOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  );
}

function open(url: string, timeoutMs?: number): Sql {
  const sql = connectTo(url, timeoutMs);
  onTestFinished(() => sql.close());
  return sql;
}

onEachPostgres('the connection', (database) => {
  it('tells of a refused statement its name and SQLSTATE, and nothing of the values', async () => {
    const canary = 'canary-4711';
    const failures: readonly (readonly [string, string])[] = [
      ['select $1::text::int', '22P02'],
      [`select '${canary}'::int + $1::text::int`, '22P02'],
      [`select * from "${canary}" where $1::text = ''`, '42P01'],
    ];
    for (const [text, state] of failures) {
      const error = await problemOf(database().sql.query(statement('a question', text), [canary]));
      expect(error).toBeInstanceOf(PostgresBug);
      expect(String(error)).toBe(`Error: a question: Postgres refused it (SQLSTATE ${state})`);
      expect(JSON.stringify(Object.entries(error as object))).not.toContain(canary);
    }
    expect(await database().sql.query(ONE)).toEqual([{ one: 1 }]);
  });

  it('keeps the transactions of many connections apart', async () => {
    const { sql, url } = database();
    await rowsOf(sql, 'drop table if exists public.apart; create table public.apart (who int, n int)');
    const others = Array.from({ length: 3 }, () => open(url));
    const insert = statement('insert', 'insert into public.apart values ($1, $2)');
    const count = statement('count', 'select count(*)::int as n from public.apart where who = $1');
    const write = (who: number, isKept: boolean) =>
      [sql, ...others][who % 4]
        ?.transaction(async (session) => {
          for (let n = 0; n < 5; n += 1) {
            await session.query(insert, [who, n]);
            expect(await session.query(count, [who])).toEqual([{ n: n + 1 }]);
          }
          if (!isKept) throw new Error('not kept');
        })
        .catch(() => {});
    // Statements without a transaction, of which none may see or share what is not committed.
    const single = async (who: number) => {
      for (let n = 0; n < 10; n += 1) {
        await others[n % 3]?.query(insert, [who, n]);
        const [row] = await sql.query<{ n: number }>(
          statement('look', 'select count(*)::int as n from public.apart where who < 20 and who % 2 = 1'),
        );
        expect(row).toEqual({ n: 0 });
      }
    };
    await Promise.all([
      ...Array.from({ length: 20 }, (_, who) => write(who, who % 2 === 0)),
      single(100),
      single(101),
    ]);
    const rows = await rowsOf(
      sql,
      'select who, count(*)::int as n from public.apart group by who order by who',
    );
    expect(rows).toEqual([
      ...Array.from({ length: 10 }, (_, at) => ({ who: at * 2, n: 5 })),
      { who: 100, n: 10 },
      { who: 101, n: 10 },
    ]);
  });

  it('does not mix up the answers to statements that are sent at once', async () => {
    const sqls = Array.from({ length: 4 }, () => open(database().url));
    const echo = statement('echo', 'select $1::int as n, repeat($2::text, 2000) as long');
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => sqls[n % 4]?.query(echo, [n, String(n % 10)])),
    );
    expect(answers.map((rows) => rows?.[0])).toEqual(
      Array.from({ length: 200 }, (_, n) => ({ n, long: String(n % 10).repeat(2000) })),
    );
  });

  it('goes on after a transaction that failed half-way', async () => {
    const { sql } = database();
    const failed = sql.transaction(async (session) => {
      await session.query(statement('wrong', 'select 1/0'));
    });
    await expect(failed).rejects.toThrow('wrong: Postgres refused it (SQLSTATE 22012)');
    const caught = sql.transaction(async (session) => {
      await session.query(statement('wrong', 'select 1/0')).catch(() => {});
      return session.query(ONE);
    });
    await expect(caught).rejects.toThrow('one: Postgres refused it (SQLSTATE 25P02)');
    expect(await sql.query(ONE)).toEqual([{ one: 1 }]);
  });

  it('takes a long list in one parameter', async () => {
    const ids = Array.from({ length: 200_000 }, (_, at) => `9${String(at).padStart(17, '0')}`);
    const sum = statement(
      'sum',
      `select count(*)::int as n, max(id)::text as last from unnest(string_to_array($1, ' ')::bigint[]) as id`,
    );
    expect(await database().sql.query(sum, [ids.join(' ')])).toEqual([{ n: 200_000, last: ids.at(-1) }]);
  });
});

onServerOnly('the connection', (database) => {
  const stateOf = async (work: Promise<unknown>) => {
    const error = await problemOf(work);
    if (!(error instanceof PostgresUnavailable)) throw new Error(`not away: ${error}`);
    return [error.message, error.isRetryable];
  };

  it('gives up a statement that takes too long, and goes on', async () => {
    const sql = open(database().url, 200);
    const sleep = statement('sleep', 'select pg_sleep(20)');
    expect(await stateOf(sql.query(sleep))).toEqual(['Postgres is away (57014)', false]);
    const slow = sql.transaction((session) => session.query(sleep), 300);
    expect(await stateOf(slow)).toEqual(['Postgres is away (57014)', false]);
    const short = statement('short sleep', 'select pg_sleep(0.4), 1 as one');
    expect(await sql.transaction((session) => session.query(short), 10_000)).toMatchObject([{ one: 1 }]);
    expect(await sql.query(ONE)).toEqual([{ one: 1 }]);
  });

  it('survives that its connections are ended, idle and busy', async () => {
    const sql = open(database().url);
    const end = statement(
      'end',
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'invited' and pid <> pg_backend_pid()`,
    );
    await Promise.all([sql.query(ONE), sql.query(ONE), sql.query(ONE)]);
    const busy = sql.transaction(async (session) => {
      await session.query(ONE);
      await database().sql.query(end);
      await session.query(ONE);
    });
    const [message] = await stateOf(busy);
    expect(message).toMatch(/^Postgres is away \((57P01|no answer|ECONNRESET|EPIPE)\)$/);
    await until('it answers again', () => sql.query(ONE).catch(() => null));
  });

  it('says which failures are worth a second try at once', async () => {
    const { sql } = database();
    await rowsOf(sql, 'create table public.knot (n int); insert into public.knot values (1), (2)');
    const lock = statement('lock', 'select from public.knot where n = $1 for update');
    let waiting = 0;
    let release = (): void => {};
    const both = new Promise<void>((resolve) => {
      release = resolve;
    });
    const tie = (first: number, second: number) =>
      sql.transaction(async (session) => {
        await session.query(lock, [first]);
        waiting += 1;
        if (waiting === 2) release();
        await both;
        await session.query(lock, [second]);
      });
    const problems = (await Promise.all([problemOf(tie(1, 2)), problemOf(tie(2, 1))])).filter(Boolean);
    expect(problems.map(String)).toEqual(['Error: Postgres is away (40P01)']);
    expect(problems[0]).toMatchObject({ isRetryable: true });
  });
});

describe('a Postgres that is away', () => {
  it('is no error until something is asked', async () => {
    const sql = open('postgres://nobody@127.0.0.1:1/none');
    const error = await problemOf(sql.query(ONE));
    expect(error).toBeInstanceOf(PostgresUnavailable);
    expect(String(error)).toBe('Error: Postgres is away (ECONNREFUSED)');
    await expect(sql.transaction(async () => {})).rejects.toThrow(PostgresUnavailable);
  });

  it('is one that accepts and never answers, too', async () => {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => sockets.add(socket));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const sql = open(`postgres://nobody@127.0.0.1:${port}/none`);
    const asked = problemOf(sql.query(ONE));
    await until('it has connected', () => sockets.size > 0);
    expect(await asked).toBeInstanceOf(PostgresUnavailable);
  });

  it('has no URL that could be tried', () => {
    for (const url of ['', 'redis://x', 'postgres://', 'postgres://[', 'nonsense']) {
      const connect = () => connectPostgres({ url: new Secret(url), connectionsMax: 1 });
      expect(connect, url).toThrow(StartError);
    }
  });
});
