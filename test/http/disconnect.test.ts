// A disconnect: it ends every temporary membership of one user, each of them once, and nothing else.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer } from '../support/client.js';
import {
  accept,
  asService,
  createInvite,
  type Host,
  importLines,
  internalGet,
  isMember,
  join,
  makeGroupDm,
  makeGuild,
  makeMember,
  memberCountOf,
  remove,
  startHost,
  type TestGuild,
  usesOf,
} from '../support/directory.js';
import { expectCommonHeaders, expectError } from '../support/expect-answer.js';
import { snowflake, snowflakes } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const disconnect = (user: string, call = {}): Promise<Answer> =>
  host.admin.post(`/internal/v1/users/${user}/disconnect`, asService(call));

/** The guilds that this disconnect removed the user from, in a fixed order. */
function removedBy(answer: Answer): readonly string[] {
  expect(answer.status, answer.text).toBe(200);
  expect(Object.keys(answer.object())).toEqual(['removed']);
  return [...(answer.object()['removed'] as readonly string[])].sort();
}

interface Temporary {
  readonly guild: TestGuild;
  readonly code: string;
}

async function temporaryInvite(): Promise<Temporary> {
  const guild = await makeGuild(host);
  const { code } = await createInvite(host, guild.channelId, guild.ownerId, { temporary: true });
  return { guild, code };
}

describe('the answer', () => {
  it('is an empty list for a user whom nobody knows, and has the common headers', async () => {
    const answer = await disconnect(snowflake());
    expect(answer.json()).toEqual({ removed: [] });
    expectCommonHeaders(answer);
  });

  it('takes no notice of an empty body', async () => {
    for (const json of [{}, null]) expect(removedBy(await disconnect(snowflake(), { json }))).toEqual([]);
  });

  it('names each guild once, however many there are', async () => {
    const user = snowflake();
    const all = await Promise.all(Array.from({ length: 30 }, temporaryInvite));
    await Promise.all(all.map(({ code }) => join(host, code, user)));
    const ids = all.map(({ guild }) => guild.id).sort();
    expect(removedBy(await disconnect(user))).toEqual(ids);
    for (const { guild, code } of all) {
      expect(await isMember(host, guild.id, user)).toBe(false);
      expect(await memberCountOf(host, code)).toBe(1);
    }
    expect(removedBy(await disconnect(user))).toEqual([]);
  });
});

describe('what it ends', () => {
  it('is the membership: the user has no rights, and the count goes down by one', async () => {
    const { guild, code } = await temporaryInvite();
    const user = snowflake();
    await join(host, code, user);
    expect(await memberCountOf(host, code)).toBe(2);
    expect(removedBy(await disconnect(user))).toEqual([guild.id]);
    expectError(await internalGet(host, `/guilds/${guild.id}/members/${user}`), 404, 'UNKNOWN_MEMBER');
    expect(await memberCountOf(host, code)).toBe(1);
    const created = await host.api.post(`/v1/channels/${guild.channelId}/invites`, { as: user });
    expectError(created, 403, 'MISSING_PERMISSIONS');
  });

  it('is not the use: coming back takes a new one, is temporary again, and ends again', async () => {
    const { guild, code } = await temporaryInvite();
    const user = snowflake();
    for (const uses of [1, 2, 3]) {
      await join(host, code, user);
      expect(await usesOf(host, code)).toBe(uses);
      expect(removedBy(await disconnect(user))).toEqual([guild.id]);
    }
    expect(await usesOf(host, code)).toBe(3);
  });

  it('is permanent when the user comes back by a permanent invite', async () => {
    const { guild, code } = await temporaryInvite();
    const user = snowflake();
    await join(host, code, user);
    await disconnect(user);
    const permanent = await createInvite(host, guild.channelId, guild.ownerId);
    await join(host, permanent.code, user);
    expect(removedBy(await disconnect(user))).toEqual([]);
    expect(await isMember(host, guild.id, user)).toBe(true);
  });

  it('is told by a PUT or an import as well', async () => {
    const [put, imported] = [await makeGuild(host), await makeGuild(host)];
    const user = await makeMember(host, put.id, { temporary: true });
    const line = { put: 'member', guild_id: imported.id, user_id: user, temporary: true };
    expect(await importLines(host, [line])).toMatchObject({ applied: 1 });
    expect(removedBy(await disconnect(user))).toEqual([put.id, imported.id].sort());
  });

  it('makes room in a full guild', async () => {
    const guild = await makeGuild(host, { max_members: 2 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId, { temporary: true });
    const [first, second] = [snowflake(), snowflake()];
    await join(host, code, first);
    expectError(await accept(host, code, second), 400, 'MAX_GUILD_MEMBERS');
    await disconnect(first);
    await join(host, code, second);
  });
});

describe('what it leaves alone', () => {
  it('is every permanent membership, the owned guilds and the group DMs', async () => {
    const user = snowflake();
    const owned = await makeGuild(host, { owner_id: user });
    const joined = await makeGuild(host);
    await makeMember(host, joined.id, { id: user });
    const dm = await makeGroupDm(host, [user]);
    expect(removedBy(await disconnect(user))).toEqual([]);
    expect(await isMember(host, owned.id, user)).toBe(true);
    expect(await isMember(host, joined.id, user)).toBe(true);
    expect((await internalGet(host, `/group-dms/${dm.id}`)).object()['recipients']).toContain(user);
  });

  it('is every other user', async () => {
    const { guild, code } = await temporaryInvite();
    const [leaving, staying] = [snowflake(), snowflake()];
    await join(host, code, leaving);
    await join(host, code, staying);
    expect(removedBy(await disconnect(leaving))).toEqual([guild.id]);
    expect(await isMember(host, guild.id, staying)).toBe(true);
    expect(removedBy(await disconnect(staying))).toEqual([guild.id]);
  });

  it('is what ended before: a removal, a ban, a deleted guild', async () => {
    const user = snowflake();
    const all = await Promise.all(Array.from({ length: 4 }, temporaryInvite));
    const [removed, banned, deleted, kept] = all.map(({ guild }) => guild.id);
    for (const { code } of all) await join(host, code, user);
    await remove(host, `/guilds/${removed}/members/${user}`);
    await host.admin.put(`/internal/v1/guilds/${banned}/bans/${user}`, asService());
    await remove(host, `/guilds/${deleted}`);
    expect(removedBy(await disconnect(user))).toEqual([kept]);
  });

  it('is the invite and who made it', async () => {
    const { guild, code } = await temporaryInvite();
    const user = snowflake();
    await join(host, code, user);
    const own = await createInvite(host, guild.channelId, user);
    await disconnect(user);
    await join(host, own.code, snowflake());
    expect((await host.api.get(`/v1/invites/${own.code}`)).object()).toMatchObject({ inviter_id: user });
  });
});

describe('at the same moment', () => {
  it('20 disconnects of one user name each guild once together', async () => {
    const user = snowflake();
    const all = await Promise.all(Array.from({ length: 8 }, temporaryInvite));
    for (const { code } of all) await join(host, code, user);
    const answers = await Promise.all(Array.from({ length: 20 }, () => disconnect(user)));
    expect(answers.flatMap(removedBy).sort()).toEqual(all.map(({ guild }) => guild.id).sort());
    for (const { code } of all) expect(await memberCountOf(host, code)).toBe(1);
  });

  it('disconnects of 40 users remove each of them from their guild', async () => {
    const { guild, code } = await temporaryInvite();
    const users = snowflakes(40);
    await Promise.all(users.map((user) => join(host, code, user)));
    const answers = await Promise.all(users.map((user) => disconnect(user)));
    expect(answers.map(removedBy)).toEqual(users.map(() => [guild.id]));
    expect(await memberCountOf(host, code)).toBe(1);
    expect(await usesOf(host, code)).toBe(40);
  });

  it('an accept and a disconnect leave the user either in or out, and a later disconnect ends it', async () => {
    for (let round = 0; round < 15; round += 1) {
      const { guild, code } = await temporaryInvite();
      const user = snowflake();
      const [answer, first] = await Promise.all([accept(host, code, user), disconnect(user)]);
      expect(answer.object()).toMatchObject({ new_member: true });
      const isIn = await isMember(host, guild.id, user);
      expect(removedBy(first)).toEqual(isIn ? [] : [guild.id]);
      expect(await memberCountOf(host, code)).toBe(isIn ? 2 : 1);
      expect(removedBy(await disconnect(user))).toEqual(isIn ? [guild.id] : []);
      expect(await memberCountOf(host, code)).toBe(1);
      expect(await usesOf(host, code)).toBe(1);
    }
  });

  it('a PUT that makes the user permanent is either before or after it, and holds', async () => {
    for (let round = 0; round < 15; round += 1) {
      const { guild, code } = await temporaryInvite();
      const user = snowflake();
      await join(host, code, user);
      const [first] = await Promise.all([disconnect(user), makeMember(host, guild.id, { id: user })]);
      expect([[], [guild.id]]).toContainEqual(removedBy(first));
      expect(await isMember(host, guild.id, user)).toBe(true);
      expect(await memberCountOf(host, code)).toBe(2);
      expect(removedBy(await disconnect(user))).toEqual([]);
    }
  });
});

describe('who may', () => {
  it('a service alone, and nobody ends his own membership that way', async () => {
    const { guild, code } = await temporaryInvite();
    const user = snowflake();
    await join(host, code, user);
    const path = `/internal/v1/users/${user}/disconnect`;
    expectError(await host.admin.post(path), 401, 'UNAUTHORIZED');
    expectError(await host.admin.post(path, { as: user }), 403, 'ACCESS_DENIED');
    expectError(await host.admin.post(path, { as: user, role: 'bot' }), 403, 'ACCESS_DENIED');
    expect(await isMember(host, guild.id, user)).toBe(true);
  });
});
