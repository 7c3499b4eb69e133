// The storm: its judgement, and the whole of it against small HTTP servers that keep the promise or break it.
// A storm that a cheating server passes would prove nothing.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { storm } from '../../src/cli/storm.js';
import { oversold, summaryLine, Tally, violations } from '../../src/cli/storm-tally.js';
import { recordingPrint } from '../support/print.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

type Verdict = 'accepted' | 'already' | 'refused' | 'broken' | 'cut' | 'limited';

interface Books {
  readonly members: Set<string>;
  cap: number;
  uses: number;
  tries: number;
}

/** An invite server of one guild, whose accept is `judge`; it keeps books as the judge says. */
async function serverWith(judge: (books: Books, user: string) => Verdict): Promise<string> {
  const books: Books = { members: new Set(), cap: 0, uses: 0, tries: 0 };
  const server = createServer(async (incoming, outgoing) => {
    let text = '';
    for await (const chunk of incoming) text += String(chunk);
    const user = decodeJwt(incoming.headers.authorization?.replace('Bearer ', '') ?? '').sub ?? '';
    const reply = (status: number, body: unknown) => {
      outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const [, member] = /\/members\/(\d+)$/.exec(incoming.url ?? '') ?? [];
    if (incoming.method === 'PUT') return reply(200, {});
    if (member !== undefined) return reply(books.members.has(member) ? 200 : 404, {});
    if (incoming.url?.endsWith('/invites') === true) {
      books.cap = (JSON.parse(text) as { max_uses: number }).max_uses;
      return reply(200, { code: 'abcdefgh' });
    }
    const isGone = books.cap > 0 && books.uses >= books.cap;
    if (incoming.method === 'GET') return isGone ? reply(404, {}) : reply(200, { uses: books.uses });
    books.tries += 1;
    const verdict = judge(books, user);
    if (verdict === 'cut') return incoming.socket.destroy();
    if (verdict === 'broken') return reply(500, { code: 'INTERNAL_SERVER_ERROR' });
    if (verdict === 'limited') return reply(429, { code: 'RATE_LIMITED' });
    if (verdict === 'refused') return reply(404, { code: 'UNKNOWN_INVITE' });
    return reply(200, { new_member: verdict === 'accepted' });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function honest(books: Books, user: string): Verdict {
  if (books.cap > 0 && books.uses >= books.cap) return 'refused';
  if (books.members.has(user)) return 'already';
  books.members.add(user);
  books.uses += 1;
  return 'accepted';
}

async function run(judge: (books: Books, user: string) => Verdict, ...args: readonly string[]) {
  const url = await serverWith(judge);
  const print = recordingPrint();
  const code = await storm(['--url', url, '--admin-url', url, '--connections', '8', ...args], {
    env: {},
    secret: async () => 'a secret of at least 32 bytes, for tests',
    print,
  });
  return { code, out: print.outLines, err: print.errLines.join('\n') };
}

describe('storm', () => {
  it('passes an honest server, and prints one line', async () => {
    const { code, out } = await run(honest, '--users', '60', '--cap', '20', '--repeat', '3');
    expect(code).toBe(0);
    expect(out).toHaveLength(1);
    const [, accepted, already, refused] =
      /^accepted=(\d+) already=(\d+) refused=(\d+) uses=20 joined=20 oversold=0$/.exec(out[0] ?? '') ?? [];
    expect(Number(accepted)).toBe(20);
    expect(Number(accepted) + Number(already) + Number(refused)).toBe(180);
  });

  it('lets everybody in without a cap, each by one use', async () => {
    const { code, out } = await run(honest, '--users', '30', '--cap', '0', '--repeat', '4');
    expect(code).toBe(0);
    expect(out).toEqual(['accepted=30 already=90 refused=0 uses=30 joined=30 oversold=0']);
  });

  it('reads the uses of an invite that was not used up', async () => {
    const { code, out } = await run(honest, '--users', '5', '--cap', '9', '--repeat', '1');
    expect(code).toBe(0);
    expect(out).toEqual(['accepted=5 already=0 refused=0 uses=5 joined=5 oversold=0']);
  });

  it('catches a server that sells one use twice', async () => {
    const seller = (books: Books, user: string): Verdict => {
      if (books.uses >= books.cap && books.members.size === books.cap) {
        books.members.add(user);
        return 'accepted';
      }
      return honest(books, user);
    };
    const { code, out, err } = await run(seller, '--users', '20', '--cap', '5', '--repeat', '1');
    expect(code).toBe(1);
    expect(out[0]).toContain('joined=6 oversold=1');
    expect(err).toContain('1 joined beyond the cap of 5');
  });

  it('catches a server that accepts a user twice', async () => {
    const forgetful = (books: Books, user: string): Verdict => {
      const verdict = honest(books, user);
      return verdict === 'already' && books.tries % 2 === 0 ? 'accepted' : verdict;
    };
    const { code, err } = await run(forgetful, '--users', '20', '--cap', '0', '--repeat', '6');
    expect(code).toBe(1);
    expect(err).toMatch(/\d+ times a user was accepted a second time/);
  });

  it('catches a server that says yes and lets nobody in', async () => {
    const liar = (books: Books): Verdict => {
      books.uses += 1;
      return 'accepted';
    };
    const { code, out } = await run(liar, '--users', '4', '--cap', '10', '--repeat', '1');
    expect(code).toBe(1);
    expect(out).toEqual(['accepted=4 already=0 refused=0 uses=4 joined=0 oversold=0']);
  });

  it('catches a use that is lost, and one that is taken for nothing', async () => {
    const losing = (books: Books, user: string): Verdict => {
      const verdict = honest(books, user);
      if (books.tries === 1) books.uses -= 1;
      return verdict;
    };
    expect((await run(losing, '--users', '4', '--cap', '10', '--repeat', '1')).code).toBe(1);
    const taking = (books: Books, user: string): Verdict => {
      if (books.tries === 1) books.uses += 1;
      return honest(books, user);
    };
    expect((await run(taking, '--users', '4', '--cap', '10', '--repeat', '1')).code).toBe(1);
  });

  it.each([
    ['broken', '500 INTERNAL_SERVER_ERROR'],
    ['cut', 'broken connection'],
    ['limited', '429 RATE_LIMITED'],
  ] as const)('counts and names an answer that is %s, and fails', async (verdict, name) => {
    const failing = (books: Books, user: string): Verdict => {
      const fair = honest(books, user);
      return books.tries % 10 === 0 ? verdict : fair;
    };
    const { code, out, err } = await run(failing, '--users', '40', '--cap', '5', '--repeat', '1');
    expect(code).toBe(1);
    expect(out).toHaveLength(1);
    expect(err).toContain(`4 times: ${name}`);
    expect(err.includes('INVITED_RATE_LIMITS=off')).toBe(verdict === 'limited');
  });

  it('fails with one line when the guild can not be made', async () => {
    const print = recordingPrint();
    const server = createServer((_, outgoing) => outgoing.writeHead(403).end('{"code":"ACCESS_DENIED"}'));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const code = await storm(['--url', url, '--admin-url', url], {
      env: {},
      secret: async () => 'a secret of at least 32 bytes, for tests',
      print,
    });
    expect({ code, out: print.outLines }).toEqual({ code: 1, out: [] });
    expect(print.errLines.at(-1)).toMatch(/^PUT .*: 403 ACCESS_DENIED\.$/);
  });

  it.each([
    [['--users', '0'], '--users must be'],
    [['--users', '100001'], '--users must be'],
    [['--cap', '101'], '--cap must be'],
    [['--cap', '-1'], '--cap'],
    [['--repeat', '101'], '--repeat must be'],
    [['--connections', '1025'], '--connections must be'],
    [['--url', 'http://127.0.0.1:1'], '--url and --admin-url go together'],
    [['--admin-url', 'http://127.0.0.1:1'], '--url and --admin-url go together'],
    [['--what'], '--what'],
  ])('refuses %j with one line and exit code 2', async (args, problem) => {
    const print = recordingPrint();
    const code = await storm(args, { env: {}, secret: async () => '', print });
    expect({ code, out: print.outLines, lines: print.errLines.length }).toEqual({
      code: 2,
      out: [],
      lines: 1,
    });
    expect(print.errLines[0]).toContain(problem);
  });
});

describe('tally', () => {
  const size = { users: 3, cap: 2, repeat: 2 };

  function tallyOf(...told: readonly (readonly [number, 'accepted' | 'already' | 'refused'])[]): Tally {
    const tally = new Tally(size.users);
    for (const [user, answer] of told) tally.count(user, answer);
    return tally;
  }

  it('holds for the exact sum only', () => {
    const tally = tallyOf(
      [0, 'accepted'],
      [1, 'accepted'],
      [0, 'already'],
      [1, 'refused'],
      [2, 'refused'],
      [2, 'refused'],
    );
    expect(violations(size, tally, { uses: 2, joined: 2 })).toEqual([]);
    expect(summaryLine(size, tally, { uses: 2, joined: 2 })).toBe(
      'accepted=2 already=1 refused=3 uses=2 joined=2 oversold=0',
    );
    for (const after of [
      { uses: 1, joined: 2 },
      { uses: 3, joined: 2 },
      { uses: 2, joined: 1 },
      { uses: 2, joined: 3 },
    ]) {
      expect(violations(size, tally, after)).not.toEqual([]);
    }
    tally.count(2, 'refused');
    expect(violations(size, tally, { uses: 2, joined: 2 })).toEqual([
      '6 tries were made and 7 got one of the three answers',
    ]);
  });

  it('can not be oversold without a cap', () => {
    expect(oversold({ ...size, cap: 0 }, 1000)).toBe(0);
    expect(oversold(size, 5)).toBe(3);
  });
});
