// Idempotency-Key on create: one effect and one answer, however often it is sent.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Call } from '../support/client.js';
import {
  accept,
  asService,
  createInvite,
  type Host,
  makeChannel,
  makeGroupDm,
  makeGuild,
  makeMember,
  makeUser,
  put,
  startHost,
} from '../support/directory.js';
import { expectCommonHeaders, expectError, expectInvalid } from '../support/expect-answer.js';
import { snowflake } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost({ INVITED_MAX_INVITES_PER_GUILD: '3' });
});
afterAll(() => host.stop());

const create = (channelId: string, as: string, key: string | null, call: Call = {}) =>
  host.api.post(`/api/v1/channels/${channelId}/invites`, {
    as,
    ...call,
    headers: key === null ? {} : { 'Idempotency-Key': key },
  });
const newKey = () => `key-${snowflake()}`;
const listed = async (guild: { readonly id: string }) =>
  (await host.api.get(`/api/v1/guilds/${guild.id}/invites`, asService())).list();

function expectReplay(answer: Answer, first: Answer): void {
  expect({ status: answer.status, text: answer.text }).toEqual({ status: first.status, text: first.text });
  expect(answer.headers).toMatchObject({ 'idempotency-replayed': 'true', etag: first.headers['etag'] });
  expectCommonHeaders(answer);
}

function expectFirst(answer: Answer): void {
  expect(answer.status, answer.text).toBe(200);
  expect(answer.headers['idempotency-replayed']).toBeUndefined();
  expect(answer.headers['etag']).toBe('"1"');
}

describe('the same key, caller, route and body', () => {
  it('give the first answer again, byte for byte, and make one invite', async () => {
    const guild = await makeGuild(host);
    const key = newKey();
    const body = '{"max_age": 60, "max_uses": 7}';
    const first = await create(guild.channelId, guild.ownerId, key, { body });
    expectFirst(first);
    expect(first.object()).toMatchObject({ max_age: 60, max_uses: 7 });
    for (let round = 0; round < 3; round += 1) {
      expectReplay(await create(guild.channelId, guild.ownerId, key, { body }), first);
    }
    expect(await listed(guild)).toHaveLength(1);
  });

  it('without a body too, under either path', async () => {
    const guild = await makeGuild(host);
    const key = newKey();
    const first = await create(guild.channelId, guild.ownerId, key);
    expectFirst(first);
    const other = await host.api.post(`/v1/channels/${guild.channelId}/invites`, {
      as: guild.ownerId,
      headers: { 'Idempotency-Key': key },
    });
    expectReplay(other, first);
  });

  it('in a group DM, with the names of its recipients', async () => {
    const friend = await makeUser(host, { username: 'fri"\u00fcnd' });
    const dm = await makeGroupDm(host, [friend]);
    const key = newKey();
    const first = await create(dm.id, friend, key);
    expectFirst(first);
    expect(first.text).toContain('\u00fc');
    expectReplay(await create(dm.id, friend, key), first);
  });

  it('show names, uses and settings as they were, and come when the invite has changed or ended', async () => {
    const guild = await makeGuild(host);
    const inviter = await makeMember(host, guild.id, { id: await makeUser(host, { username: 'before' }) });
    const key = newKey();
    const first = await create(guild.channelId, inviter, key);
    expectFirst(first);
    const code = String(first.object()['code']);
    await put(host, `/users/${inviter}`, { username: 'after' });
    await accept(host, code, snowflake());
    await host.api.patch(`/api/v1/invites/${code}`, asService({ json: { paused: true } }));
    expectReplay(await create(guild.channelId, inviter, key), first);
    await host.api.delete(`/api/v1/invites/${code}`, asService());
    expectReplay(await create(guild.channelId, inviter, key), first);
    expect(await listed(guild)).toEqual([]);
  });

  it('come at the limit, where a new one is refused', async () => {
    const guild = await makeGuild(host);
    const key = newKey();
    const first = await create(guild.channelId, guild.ownerId, key);
    for (let more = 0; more < 2; more += 1) await createInvite(host, guild.channelId, guild.ownerId);
    expectError(await create(guild.channelId, guild.ownerId, newKey()), 400, 'MAX_INVITES');
    expectReplay(await create(guild.channelId, guild.ownerId, key), first);
  });

  it('keep what `unique: false` found', async () => {
    const guild = await makeGuild(host);
    const own = await createInvite(host, guild.channelId, guild.ownerId, { max_age: 60 });
    const key = newKey();
    const call = { json: { max_age: 60, unique: false } };
    const first = await create(guild.channelId, guild.ownerId, key, call);
    expectFirst(first);
    expect(first.object()['code']).toBe(own.code);
    await createInvite(host, guild.channelId, guild.ownerId, { max_age: 60 });
    expectReplay(await create(guild.channelId, guild.ownerId, key, call), first);
  });

  it('at once, 50 times: one invite, one answer, 49 replays', async () => {
    for (let round = 0; round < 3; round += 1) {
      const guild = await makeGuild(host);
      const key = newKey();
      const answers = await Promise.all(
        Array.from({ length: 50 }, () =>
          create(guild.channelId, guild.ownerId, key, { json: { max_age: 0 } }),
        ),
      );
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
      const replayed = answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true');
      expect(replayed).toHaveLength(49);
      expect((await listed(guild)).map((one) => one['code'])).toEqual([answers[0]?.object()['code']]);
    }
  });

  it('at once while the inviter changes his name: still one answer', async () => {
    for (let round = 0; round < 5; round += 1) {
      const guild = await makeGuild(host);
      const inviter = await makeMember(host, guild.id);
      const key = newKey();
      const naming = Promise.all(
        Array.from({ length: 20 }, (_, at) => put(host, `/users/${inviter}`, { username: `name ${at}` })),
      );
      const answers = await Promise.all(
        Array.from({ length: 30 }, () => create(guild.channelId, inviter, key)),
      );
      await naming;
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    }
  });
});

describe('what differs', () => {
  it('in the body, by as much as a space: 422, and the first goes on', async () => {
    const guild = await makeGuild(host);
    const key = newKey();
    const first = await create(guild.channelId, guild.ownerId, key, { body: '{"max_age":60}' });
    for (const body of ['{"max_age":61}', '{"max_age": 60}', '{}', '']) {
      const answer = await create(guild.channelId, guild.ownerId, key, { body });
      expectError(answer, 422, 'IDEMPOTENCY_KEY_REUSED');
    }
    expectReplay(await create(guild.channelId, guild.ownerId, key, { body: '{"max_age":60}' }), first);
    expect(await listed(guild)).toHaveLength(1);
  });

  it('in caller, role, channel or key is another request', async () => {
    const guild = await makeGuild(host);
    const other = await makeChannel(host, guild.id);
    const key = newKey();
    const codes = new Set<unknown>();
    for (const answer of [
      await create(guild.channelId, guild.ownerId, key),
      await create(guild.channelId, guild.ownerId, key, { role: 'service' }),
      await create(other, guild.ownerId, key),
    ]) {
      expectFirst(answer);
      codes.add(answer.object()['code']);
    }
    expect(codes.size).toBe(3);
    const second = await makeGuild(host);
    const member = await makeMember(host, second.id);
    const keys = ['a', 'A', 'a'.repeat(255)];
    const made = [];
    for (const one of keys) made.push(await create(second.channelId, member, one));
    for (const answer of made) expectFirst(answer);
    const others = await create(second.channelId, second.ownerId, 'a');
    expectError(others, 400, 'MAX_INVITES');
  });
});

describe('what is not kept', () => {
  it('a refusal: the key is as good as new', async () => {
    const guild = await makeGuild(host);
    const user = snowflake();
    const key = newKey();
    expectInvalid(await create(guild.channelId, user, key, { json: { max_uses: 101 } }), 'max_uses');
    expectError(await create(guild.channelId, user, key, { json: {} }), 403, 'MISSING_PERMISSIONS');
    await makeMember(host, guild.id, { id: user });
    expectFirst(await create(guild.channelId, user, key, { json: { max_age: 60 } }));
  });

  it('anything of other requests: accept ignores the header, whatever it holds', async () => {
    const guild = await makeGuild(host);
    const invite = await createInvite(host, guild.channelId, guild.ownerId);
    for (const key of ['one', 'one', '', 'not ok']) {
      const answer = await host.api.post(`/api/v1/invites/${invite.code}`, {
        as: snowflake(),
        headers: { 'Idempotency-Key': key },
      });
      expect(answer.object()['new_member']).toBe(true);
      expect(answer.headers['idempotency-replayed']).toBeUndefined();
    }
  });
});

it.each([
  ['none', ''],
  ['a space', 'a b'],
  ['256 characters', 'a'.repeat(256)],
  ['a letter that is not ASCII', 'caf\u00e9s'],
  ['a tab', 'a\tb'],
])('%s is no key: 400, and nothing is made', async (_, key) => {
  const guild = await makeGuild(host);
  expectInvalid(await create(guild.channelId, guild.ownerId, key), 'Idempotency-Key');
  expect(await listed(guild)).toEqual([]);
});
