// The import: each kind of line stores what its endpoint would have stored, in the order of the lines; and the stream cut,
// slow, large and broken off. What is wrong with a line is import-failures.test.ts's subject.

import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type JsonObject, raw, signToken } from '../support/client.js';
import {
  accept,
  asService,
  createInvite,
  type Host,
  type ImportResult,
  importLines,
  importText,
  internalGet,
  inviteLine,
  isMember,
  join,
  makeGroupDm,
  makeGuild,
  makeMember,
  memberCountOf,
  startHost,
  type TestGuild,
  usesOf,
} from '../support/directory.js';
import { expectCommonHeaders, expectError } from '../support/expect-answer.js';
import { ipv4Address, snowflake, snowflakes, unusedCode } from '../support/ids.js';
import { until } from '../support/until.js';

const IMPORT = '/internal/v1/import';
const STREAM_MAX_MS = 25_000;

let host: Host;
let guild: TestGuild;
let serviceToken: string;
beforeAll(async () => {
  host = await startHost();
  guild = await makeGuild(host);
  serviceToken = await signToken(host.server.secret, { sub: '1', role: 'service' });
});
afterAll(() => host.stop());

const stored = async (path: string) => (await internalGet(host, path)).json();

describe('a line stores what its endpoint would have stored:', () => {
  it('a guild, a channel, a user, a group DM', async () => {
    const [id, owner_id, channel, user, dm] = snowflakes(5) as [string, string, string, string, string];
    const bodies: readonly (readonly [string, JsonObject, JsonObject])[] = [
      [
        `/guilds/${id}`,
        { put: 'guild', id },
        { name: 'gü', owner_id, icon_hash: 'i', features: ['X'], roles: [{ id, permissions: '8' }] },
      ],
      [
        `/guilds/${id}/channels/${channel}`,
        { put: 'channel', guild_id: id, id: channel },
        {
          name: 'c',
          type: 2,
          position: 4,
          permission_overwrites: [{ id, type: 0, allow: '1', deny: '1024' }],
        },
      ],
      [`/users/${user}`, { put: 'user', id: user }, { username: 'ada', discriminator: 7, avatar_hash: 'a' }],
      [`/group-dms/${dm}`, { put: 'group_dm', id: dm }, { name: 'dm', owner_id, recipients: [owner_id] }],
    ];
    const result = await importLines(
      host,
      bodies.map(([, names, body]) => ({ ...names, ...body })),
    );
    expect(result).toEqual({ applied: 4, failed: [], failed_total: 0 });
    for (const [path, , body] of bodies) {
      const imported = await stored(path);
      expect(imported).toMatchObject(body);
      const put = await host.admin.put(`/internal/v1${path}`, asService({ json: body }));
      expect(put.json()).toEqual(imported);
    }
  });

  it('a member, who is temporary where told and counts once', async () => {
    const own = await makeGuild(host);
    const { code } = await createInvite(host, own.channelId, own.ownerId);
    const [permanent, temporary] = [snowflake(), snowflake()];
    const lines = [
      { put: 'member', guild_id: own.id, user_id: permanent, roles: ['5'] },
      { put: 'member', guild_id: own.id, user_id: temporary, temporary: true },
    ];
    await importLines(host, [...lines, ...lines]);
    expect(await stored(`/guilds/${own.id}/members/${permanent}`)).toMatchObject({
      roles: ['5'],
      temporary: false,
    });
    expect(await stored(`/guilds/${own.id}/members/${temporary}`)).toMatchObject({ temporary: true });
    expect(await memberCountOf(host, code)).toBe(3);
  });

  it('bans, which remove the member and stop the user and the address', async () => {
    const own = await makeGuild(host);
    const { code } = await createInvite(host, own.channelId, own.ownerId);
    const [user, address] = [await makeMember(host, own.id), ipv4Address()];
    await importLines(host, [
      { put: 'ban', guild_id: own.id, user_id: user, reason: 'spam' },
      { put: 'ip_ban', guild_id: own.id, address },
    ]);
    expect(await isMember(host, own.id, user)).toBe(false);
    expect(await stored(`/guilds/${own.id}/bans/${user}`)).toMatchObject({ reason: 'spam' });
    expectError(await accept(host, code, user), 403, 'USER_BANNED_FROM_GUILD');
    const headers = {
      'X-Invited-Gateway-Key': host.server.gatewayKey,
      'X-Invited-User': snowflake(),
      'X-Invited-Client-IP': address,
    };
    const answer = await host.api.post(`/v1/invites/${code}`, { headers });
    expectError(answer, 403, 'USER_IP_BANNED_FROM_GUILD');
  });

  it('an invite, whole', async () => {
    const code = unusedCode();
    const inviter_id = snowflake();
    const created_at = new Date(Date.now() - 60_000).toISOString();
    const settings = { max_age: 3_600, max_uses: 9, uses: 4, temporary: true };
    await importLines(host, [inviteLine(guild.channelId, { code, inviter_id, created_at, ...settings })]);
    const read = await host.api.get(`/v1/invites/${code}?with_expiration=true`, asService());
    expect(read.json()).toEqual({
      code,
      type: 0,
      guild: expect.objectContaining({ id: guild.id, name: guild.name }),
      guild_id: guild.id,
      channel: { id: guild.channelId, name: 'general', type: 0 },
      channel_id: guild.channelId,
      inviter: null,
      inviter_id,
      created_at,
      expires_at: new Date(Date.parse(created_at) + 3_600_000).toISOString(),
      version: 1,
      paused: false,
      ...settings,
    });
    const user = snowflake();
    await join(host, code, user);
    expect(await stored(`/guilds/${guild.id}/members/${user}`)).toMatchObject({ temporary: true });
    expect(await usesOf(host, code)).toBe(5);
  });

  it('an invite of a group DM', async () => {
    const dm = await makeGroupDm(host);
    const code = unusedCode();
    expect(await importLines(host, [inviteLine(dm.id, { code })])).toMatchObject({ applied: 1 });
    expect((await host.api.get(`/v1/invites/${code}`)).object()).toMatchObject({ type: 1, guild: null });
    await join(host, code, snowflake());
  });

  it('an invite that expires by the clock', async () => {
    const code = unusedCode();
    const created_at = new Date(Date.now() - 58_500).toISOString();
    await importLines(host, [inviteLine(guild.channelId, { code, created_at, max_age: 60 })]);
    expect((await host.api.get(`/v1/invites/${code}`)).status).toBe(200);
    await until('it has expired', async () => (await host.api.get(`/v1/invites/${code}`)).status === 404);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(created_at) + 60_000);
    expectError(await accept(host, code, snowflake()), 404, 'UNKNOWN_INVITE');
  });

  it('no invite that has expired or is used up: nobody finds it', async () => {
    const [expired, usedUp] = [unusedCode(), unusedCode()];
    await importLines(host, [
      inviteLine(guild.channelId, { code: expired, max_age: 60 }),
      inviteLine(guild.channelId, { code: usedUp, max_uses: 3, uses: 3 }),
    ]);
    for (const code of [expired, usedUp]) {
      expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
      expectError(await accept(host, code, snowflake()), 404, 'UNKNOWN_INVITE');
    }
  });

  it('invites into the lists, newest first by their created_at', async () => {
    const own = await makeGuild(host);
    const codes = Array.from({ length: 5 }, () => unusedCode());
    const lines = codes.map((code, at) =>
      inviteLine(own.channelId, { code, created_at: `2026-03-0${at + 1}T10:00:00.000Z` }),
    );
    await importLines(host, [...lines].reverse());
    const list = (await host.api.get(`/v1/guilds/${own.id}/invites`, { as: own.ownerId })).list();
    expect(list.map(({ code }) => code)).toEqual([...codes].reverse());
  });

  it('in their order: a guild before its channel, a member before the ban, a later line over an earlier', async () => {
    const rounds = snowflakes(30);
    const result = await importLines(
      host,
      rounds.flatMap((id) => [
        { put: 'guild', id, name: 'first', owner_id: '5' },
        { put: 'channel', guild_id: id, id: String(BigInt(id) - 1n), name: 'c' },
        { put: 'member', guild_id: id, user_id: '6' },
        { put: 'ban', guild_id: id, user_id: '6' },
        { put: 'guild', id, name: 'second', owner_id: '5' },
      ]),
    );
    expect(result).toEqual({ applied: 150, failed: [], failed_total: 0 });
    for (const id of rounds) {
      expect(await stored(`/guilds/${id}`)).toMatchObject({ name: 'second' });
      expect(await isMember(host, id, '6')).toBe(false);
    }
  });

  it('in their order: a channel or a group DM before the invite of it, and before what it is told next', async () => {
    const rounds = snowflakes(30).map((id) => ({
      id,
      channel: snowflake(),
      dm: snowflake(),
      codes: [unusedCode(), unusedCode()] as const,
    }));
    const result = await importLines(
      host,
      rounds.flatMap(({ id, channel, dm, codes }) => [
        { put: 'guild', id, name: 'g', owner_id: '5' },
        { put: 'channel', guild_id: id, id: channel, name: 'first' },
        inviteLine(channel, { code: codes[0] }),
        { put: 'channel', guild_id: id, id: channel, name: 'second' },
        { put: 'group_dm', id: dm, owner_id: '5', recipients: ['5'] },
        inviteLine(dm, { code: codes[1] }),
        { put: 'group_dm', id: dm, name: 'second', owner_id: '5', recipients: ['5'] },
      ]),
    );
    expect(result).toEqual({ applied: 210, failed: [], failed_total: 0 });
    for (const { channel, dm, codes } of rounds) {
      const [ofGuild, ofGroupDm] = await Promise.all(
        codes.map((code) => host.api.get(`/v1/invites/${code}`)),
      );
      expect(ofGuild?.object()['channel']).toMatchObject({ id: channel, name: 'second' });
      expect(ofGroupDm?.object()['channel']).toMatchObject({ id: dm, name: 'second' });
    }
  });

  it('a line may be longer than the 16 KiB of other bodies', async () => {
    const id = snowflake();
    const username = 'ü'.repeat(20_000);
    expect(await importLines(host, [{ put: 'user', id, username }])).toMatchObject({ applied: 1 });
    expect(await stored(`/users/${id}`)).toMatchObject({ username });
  });
});

describe('the stream', () => {
  const lineOf = (id: string, username: string) => JSON.stringify({ put: 'user', id, username });

  it('answers with exactly three keys and the common headers, whatever its type is called', async () => {
    for (const type of ['application/x-ndjson', 'text/plain', 'application/json', 'x']) {
      const call = { body: `${lineOf(snowflake(), 'u')}\n`, headers: { 'Content-Type': type } };
      const answer = await host.admin.post(IMPORT, asService(call));
      expect(answer.status).toBe(200);
      expect(answer.json()).toEqual({ applied: 1, failed: [], failed_total: 0 });
      expectCommonHeaders(answer);
    }
  });

  it('takes no body for nothing', async () => {
    const answer = await host.admin.post(IMPORT, asService());
    expect(answer.json()).toEqual({ applied: 0, failed: [], failed_total: 0 });
  });

  it('needs no line end at its end, and counts empty lines as lines', async () => {
    const [first, second] = [snowflake(), snowflake()];
    const text = `\n\r\n${lineOf(first, 'a')}\r\n\r\n\n{\n${lineOf(second, 'b')}`;
    const result = await importText(host, text);
    expect(result).toMatchObject({ applied: 2, failed_total: 1, failed: [{ line: 6 }] });
    expect(await stored(`/users/${first}`)).toMatchObject({ username: 'a' });
    expect(await stored(`/users/${second}`)).toMatchObject({ username: 'b' });
  });

  it('cut at any byte is what it is in one piece', async () => {
    const [first, second] = [snowflake(), snowflake()];
    const body = Buffer.from(`${lineOf(first, 'ü🎉')}\r\n\n{x\n${lineOf(second, '名')}`);
    const head = [
      `POST ${IMPORT} HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${serviceToken}`,
      `Content-Length: ${body.length}`,
      '\r\n',
    ].join('\r\n');
    const cuts = Array.from({ length: body.length - 1 }, (_, at) => at + 1);
    for (let next = 0; next < cuts.length; next += 20) {
      await Promise.all(
        cuts.slice(next, next + 20).map(async (cut) => {
          const chunks = [head, body.subarray(0, cut), body.subarray(cut)];
          const answer = await raw(host.server.adminUrl, chunks);
          expect({ cut, status: answer.status, body: JSON.parse(answer.body) }).toEqual({
            cut,
            status: 200,
            body: {
              applied: 2,
              failed: [{ line: 3, code: 'INVALID_FORM_BODY', message: expect.any(String) }],
              failed_total: 1,
            },
          });
        }),
      );
    }
    expect(await stored(`/users/${first}`)).toMatchObject({ username: 'ü🎉' });
    expect(await stored(`/users/${second}`)).toMatchObject({ username: '名' });
  });

  it('takes 20,000 members in pieces of any size, with each fifth line broken, without knowing its length', async () => {
    const own = await makeGuild(host);
    const { code } = await createInvite(host, own.channelId, own.ownerId);
    const lines = Array.from({ length: 25_000 }, (_, at) =>
      at % 5 === 4
        ? `{"put":"member","guild_id":"${own.id}","user_id":${at}}\n`
        : `{"put":"member","guild_id":"${own.id}","user_id":"8${at}"}\n`,
    );
    const result = await importChunked(Buffer.from(lines.join('')), [1, 7, 4_093, 65_537, 100_003]);
    expect({ ...result, failed: result.failed.map(({ line }) => line) }).toEqual({
      applied: 20_000,
      failed: Array.from({ length: 100 }, (_, at) => at * 5 + 5),
      failed_total: 5_000,
    });
    expect(await memberCountOf(host, code)).toBe(20_001);
    for (const at of [0, 3, 12_345 - 1, 24_998]) {
      expect(await isMember(host, own.id, `8${at}`)).toBe(at % 5 !== 4);
    }
  });

  it('may be one of several at once into one guild, where everybody counts once', async () => {
    const own = await makeGuild(host);
    const { code } = await createInvite(host, own.channelId, own.ownerId);
    const lines = snowflakes(500).map((user_id) => ({ put: 'member', guild_id: own.id, user_id }));
    const results = await Promise.all(Array.from({ length: 4 }, () => importLines(host, lines)));
    expect(results.map(({ applied }) => applied)).toEqual([500, 500, 500, 500]);
    expect(await memberCountOf(host, code)).toBe(501);
  });

  it('that is broken off in the middle leaves the server as it was, and the next import works', async () => {
    const half = `${lineOf(snowflake(), 'u')}\n{"put":"user",`;
    const { hostname, port } = new URL(host.server.adminUrl);
    await Promise.all(
      Array.from({ length: 20 }, () => {
        const head = `POST ${IMPORT} HTTP/1.1\r\nHost: x\r\nAuthorization: ${serviceToken}\r\nContent-Length: 9999\r\n\r\n`;
        return new Promise<void>((resolve, reject) => {
          const socket = connect({ host: hostname, port: Number(port) });
          socket.once('error', reject);
          socket.once('connect', () => socket.write(head + half, () => socket.destroy()));
          socket.once('close', () => resolve());
        });
      }),
    );
    expect((await host.admin.get('/readyz')).status).toBe(200);
    const id = snowflake();
    expect(await importText(host, lineOf(id, 'next'))).toMatchObject({ applied: 1 });
    expect(await stored(`/users/${id}`)).toMatchObject({ username: 'next' });
  });

  it('of nobody, or of no service, stores nothing', async () => {
    const id = snowflake();
    const body = lineOf(id, 'u');
    expectError(await host.admin.post(IMPORT, { body }), 401, 'UNAUTHORIZED');
    for (const role of ['user', 'bot'] as const) {
      expectError(await host.admin.post(IMPORT, { as: '5', role, body }), 403, 'ACCESS_DENIED');
    }
    expectError(await internalGet(host, `/users/${id}`), 404, 'UNKNOWN_USER');
  });
});

/** Sends the body in pieces of these sizes in turn, without its length. */
function importChunked(body: Buffer, sizes: readonly number[]): Promise<ImportResult> {
  const { hostname, port } = new URL(host.server.adminUrl);
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${serviceToken}`, 'Transfer-Encoding': 'chunked' };
    const outgoing = httpRequest({ hostname, port, method: 'POST', path: IMPORT, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as ImportResult));
    });
    outgoing.setTimeout(STREAM_MAX_MS, () => outgoing.destroy(new Error('no answer to the import')));
    outgoing.on('error', reject);
    for (let at = 0, turn = 0; at < body.length; turn += 1) {
      const size = sizes[turn % sizes.length] ?? body.length;
      outgoing.write(body.subarray(at, at + size));
      at += size;
    }
    outgoing.end();
  });
}
