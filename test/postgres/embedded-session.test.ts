// The two halves of the embedded Postgres' front, without a Postgres behind: whose turn it is, and where a unit of the wire
// protocol ends.

import { describe, expect, it, vi } from 'vitest';
import { type Asker, createTurns } from '../../src/embedded/postgres-turns.js';
import { ClientBytes, greeting, type Request } from '../../src/embedded/postgres-wire.js';

const READY = { I: 'Z\0\0\0\x05I', T: 'Z\0\0\0\x05T' };

/** A session that notes what it runs; `begin` opens a transaction, `commit` and `rollback` close it. */
function session() {
  const ran: string[] = [];
  let isOpen = false;
  const broken: unknown[] = [];
  const run = async (unit: Uint8Array): Promise<Uint8Array> => {
    const text = Buffer.from(unit)
      .toString('latin1')
      .replaceAll(/^Q.{4}|\0/gs, '');
    await new Promise((resolve) => setImmediate(resolve));
    ran.push(text);
    if (text.endsWith('begin')) isOpen = true;
    if (/(commit|rollback)$/.test(text)) isOpen = false;
    return Buffer.from(`${text}${isOpen ? READY.T : READY.I}`, 'latin1');
  };
  const turns = createTurns({
    run,
    idleInTransactionMaxMs: 20,
    onBroken: (error) => broken.push(error),
  });
  return { turns, ran, broken };
}

const asker = (): Asker => ({ hangUp: vi.fn() });
const unit = (text: string): Uint8Array => Buffer.from(text);

describe('turns', () => {
  it('keeps everybody out of a transaction but whoever is in it', async () => {
    const { turns, ran } = session();
    const [a, b, c] = [asker(), asker(), asker()];
    const asked = [
      turns.ask(a, unit('a begin')),
      turns.ask(b, unit('b 1')),
      turns.ask(c, unit('c begin')),
      turns.ask(a, unit('a 1')),
      turns.ask(b, unit('b 2')),
    ];
    await asked[3];
    expect(ran).toEqual(['a begin', 'a 1']);
    asked.push(turns.ask(a, unit('a commit')), turns.ask(c, unit('c commit')));
    await Promise.all(asked);
    expect(ran).toEqual(['a begin', 'a 1', 'a commit', 'b 1', 'c begin', 'c commit', 'b 2']);
  });

  it('answers each with what it asked', async () => {
    const { turns } = session();
    const all = Array.from({ length: 100 }, (_, n) => turns.ask(asker(), unit(`<${n}>`)));
    const answers = await Promise.all(all);
    expect(answers.map((data) => Buffer.from(data).toString('latin1'))).toEqual(
      answers.map((_, n) => `<${n}>${READY.I}`),
    );
  });

  it('is not forgotten by one who asks in the moment in which another is answered', async () => {
    const { turns, ran } = session();
    for (let n = 0; n < 200; n += 1) {
      await turns.ask(asker(), unit('1'));
      await turns.ask(asker(), unit('2'));
    }
    expect(ran).toHaveLength(400);
  });

  it('rolls back behind one who has gone, idle or busy, and goes on', async () => {
    for (const isBusy of [false, true]) {
      const { turns, ran } = session();
      const [a, b] = [asker(), asker()];
      await turns.ask(a, unit('a begin'));
      if (isBusy) void turns.ask(a, unit('a 1'));
      void turns.ask(a, unit('a 2'));
      const other = turns.ask(b, unit('b 1'));
      turns.leave(a);
      await other;
      expect(ran.slice(-2)).toEqual(['rollback', 'b 1']);
      expect(ran).toContain('a begin');
    }
  });

  it('hangs up on one who does nothing in a transaction', async () => {
    const { turns } = session();
    const a = asker();
    const left = new Promise<void>((resolve) => vi.mocked(a.hangUp).mockImplementation(resolve));
    await turns.ask(a, unit('a begin'));
    await left;
    turns.leave(a);
    await turns.ask(asker(), unit('b 1'));
  });

  it('says that it is broken when an answer has no end', async () => {
    const onBroken = vi.fn();
    const turns = createTurns({ run: async () => Buffer.from('?'), idleInTransactionMaxMs: 1000, onBroken });
    void turns.ask(asker(), unit('1'));
    await vi.waitFor(() => expect(onBroken).toHaveBeenCalledTimes(1));
  });
});

describe('the bytes of a client', () => {
  const message = (type: string, body: string): Buffer => {
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, Buffer.from(body)]);
  };
  const start = Buffer.from([0, 0, 0, 17, 0, 3, 0, 0, ...Buffer.from('user\0me\0\0')]);
  const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
  const unitBytes = Buffer.concat(
    [...'PBDE'].map((type) => message(type, `${type} body`)).concat(message('S', '')),
  );
  const query = message('Q', 'select 1\0');

  const told = (requests: readonly Request[]) =>
    requests.map((request) => (request.kind === 'run' ? Buffer.from(request.unit).toString() : request.kind));

  it('are the same units however they are split', () => {
    const all = Buffer.concat([sslRequest, start, unitBytes, query, query, unitBytes, message('X', '')]);
    const [whole, simple] = [unitBytes.toString(), query.toString()];
    const expected = ['refuse', 'greet', whole, simple, simple, whole, 'end'];
    expect(told(new ClientBytes().push(all))).toEqual(expected);
    for (let at = 1; at < all.length; at += 1) {
      const bytes = new ClientBytes();
      const requests = [...bytes.push(all.subarray(0, at)), ...bytes.push(all.subarray(at))];
      expect(told(requests), `split at ${at}`).toEqual(expected);
    }
    const single = new ClientBytes();
    expect(told([...all].flatMap((byte) => single.push(Buffer.from([byte]))))).toEqual(expected);
  });

  it('end the connection where they are not what we know', () => {
    const cancel = Buffer.from([0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 0, 0, 0, 0, 0]);
    const tooLong = Buffer.from([0, 1, 0, 0, 0, 3, 0, 0]);
    for (const bytes of [cancel, tooLong, Buffer.from('GET / HTTP/1.1\r\n\r\n')]) {
      expect(told(new ClientBytes().push(bytes))).toEqual(['end']);
    }
    const negative = Buffer.from([...Buffer.from('Q'), 255, 255, 255, 255]);
    const huge = Buffer.from([...Buffer.from('Q'), 127, 255, 255, 255]);
    for (const bytes of [negative, huge, message('H', '')]) {
      expect(told(new ClientBytes().push(Buffer.concat([start, bytes])))).toEqual(['greet', 'end']);
    }
  });

  it('are greeted with a session that is ready', () => {
    const hello = greeting('18.0');
    expect(hello[0]).toBe('R'.charCodeAt(0));
    expect(hello.subarray(-6).toString('latin1')).toBe(READY.I);
    expect(hello.toString('latin1')).toContain('server_version\x0018.0\0');
  });
});
