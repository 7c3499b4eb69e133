// DELETE of an invite: who may, and that it is gone at once and for everyone.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Call } from '../support/client.js';
import {
  accept,
  asService,
  bits,
  createInvite,
  type Host,
  importLines,
  inviteLine,
  join,
  makeChannel,
  makeGroupDm,
  makeGuild,
  makeMember,
  remove,
  setVanity,
  startHost,
} from '../support/directory.js';
import { expectError, expectNoContent } from '../support/expect-answer.js';
import { snowflake, snowflakes, unusedCode, unusedVanity } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const revoke = (code: string, call: Call) => host.api.delete(`/api/v1/invites/${code}`, call);

async function expectAlive(code: string): Promise<void> {
  expect((await host.api.get(`/api/v1/invites/${code}`)).status).toBe(200);
}

describe('what it does', () => {
  it('answers 204 and ends the invite for reading, accepting, revoking and the lists', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const kept = await createInvite(host, guild.channelId, guild.ownerId);
    expectNoContent(await revoke(code, { as: guild.ownerId }));
    expectError(await host.api.get(`/api/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
    expectError(await accept(host, code, snowflake()), 404, 'UNKNOWN_INVITE');
    expectError(await revoke(code, { as: guild.ownerId }), 404, 'UNKNOWN_INVITE');
    for (const path of [
      `/api/v1/guilds/${guild.id}/invites`,
      `/api/v1/channels/${guild.channelId}/invites`,
    ]) {
      expect((await host.api.get(path, { as: guild.ownerId })).json()).toEqual([kept]);
    }
  });

  it('leaves the members in who came by it', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const user = snowflake();
    await join(host, code, user);
    await revoke(code, { as: guild.ownerId });
    const member = await host.admin.get(`/internal/v1/guilds/${guild.id}/members/${user}`, asService());
    expect(member.status).toBe(200);
  });

  it('succeeds exactly once for 30 requests at once', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const answers = await Promise.all(Array.from({ length: 30 }, () => revoke(code, { as: guild.ownerId })));
    expect(answers.filter((answer) => answer.status === 204)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 404)).toHaveLength(29);
  });

  it('takes a code in upper case for the same one in lower case', async () => {
    const guild = await makeGuild(host);
    const code = unusedVanity(8);
    await importLines(host, [inviteLine(guild.channelId, { code })]);
    expectNoContent(await revoke(code.toUpperCase(), { as: guild.ownerId }));
    expectError(await host.api.get(`/api/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
  });

  it('ignores a body', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    expectNoContent(await revoke(code, { as: guild.ownerId, json: {} }));
  });
});

describe('who may', () => {
  it.each([
    ['MANAGE_CHANNELS', 204],
    ['MANAGE_GUILD', 204],
    ['ADMINISTRATOR', 204],
    ['CREATE_INSTANT_INVITE', 403],
  ] as const)('a member with a role of %s: %i', async (permission, status) => {
    const role = { id: snowflake(), permissions: bits(permission) };
    const guild = await makeGuild(host, { roles: [role] });
    const member = await makeMember(host, guild.id, { roles: [role.id] });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const answer = await revoke(code, { as: member });
    expect(answer.status).toBe(status);
    if (status === 403) {
      expectError(answer, 403, 'MISSING_PERMISSIONS');
      await expectAlive(code);
    }
  });

  it('its creator, without any permission', async () => {
    const guild = await makeGuild(host);
    const creator = await makeMember(host, guild.id);
    const { code } = await createInvite(host, guild.channelId, creator);
    await host.admin.put(
      `/internal/v1/guilds/${guild.id}`,
      asService({
        json: { name: 'x', owner_id: guild.ownerId, roles: [{ id: guild.id, permissions: '0' }] },
      }),
    );
    expectNoContent(await revoke(code, { as: creator }));
  });

  it('not a creator who is no longer a member', async () => {
    const guild = await makeGuild(host);
    const creator = await makeMember(host, guild.id);
    const { code } = await createInvite(host, guild.channelId, creator);
    await remove(host, `/guilds/${guild.id}/members/${creator}`);
    expectError(await revoke(code, { as: creator }), 403, 'MISSING_PERMISSIONS');
    await expectAlive(code);
  });

  it('MANAGE_CHANNELS counts in the channel of the invite alone', async () => {
    const guild = await makeGuild(host);
    const member = await makeMember(host, guild.id);
    const managed = await makeChannel(host, guild.id, {
      permission_overwrites: [{ id: member, type: 1, allow: bits('MANAGE_CHANNELS'), deny: '0' }],
    });
    const inManaged = await createInvite(host, managed, guild.ownerId);
    const elsewhere = await createInvite(host, guild.channelId, guild.ownerId);
    expectError(await revoke(elsewhere.code, { as: member }), 403, 'MISSING_PERMISSIONS');
    expectNoContent(await revoke(inManaged.code, { as: member }));
  });

  it('MANAGE_GUILD counts in a channel that its holder cannot see', async () => {
    const role = { id: snowflake(), permissions: bits('MANAGE_GUILD') };
    const guild = await makeGuild(host, { roles: [role] });
    const hidden = await makeChannel(host, guild.id, {
      permission_overwrites: [{ id: guild.id, type: 0, allow: '0', deny: bits('VIEW_CHANNEL') }],
    });
    const member = await makeMember(host, guild.id, { roles: [role.id] });
    const { code } = await createInvite(host, hidden, guild.ownerId);
    expectNoContent(await revoke(code, { as: member }));
  });

  it.each([
    ['a service', () => asService(), 204],
    [
      'a bot with MANAGE_GUILD claimed',
      () => ({ as: snowflake(), role: 'bot' as const, permissions: bits('MANAGE_GUILD') }),
      204,
    ],
    [
      'a stranger with MANAGE_CHANNELS and VIEW_CHANNEL claimed',
      () => ({ as: snowflake(), permissions: bits('MANAGE_CHANNELS', 'VIEW_CHANNEL') }),
      204,
    ],
    ['a stranger', () => ({ as: snowflake() }), 403],
    ['a stranger with nothing claimed', () => ({ as: snowflake(), permissions: '0' }), 403],
    ['nobody', () => ({}), 401],
  ])('%s: %s', async (_name, callOf, status) => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    expect((await revoke(code, callOf())).status).toBe(status);
    expect((await host.api.get(`/api/v1/invites/${code}`)).status).toBe(status === 204 ? 404 : 200);
  });

  it('in a group DM its creator, the group owner and a service, and no other recipient', async () => {
    const [creator = '', other = ''] = snowflakes(2);
    const dm = await makeGroupDm(host, [creator, other]);
    const byCreator = await createInvite(host, dm.id, creator);
    expectError(await revoke(byCreator.code, { as: other }), 403, 'MISSING_PERMISSIONS');
    await expectAlive(byCreator.code);
    expectNoContent(await revoke(byCreator.code, { as: creator }));
    const second = await createInvite(host, dm.id, creator);
    expectNoContent(await revoke(second.code, { as: dm.ownerId }));
    const third = await createInvite(host, dm.id, creator);
    expectNoContent(await revoke(third.code, asService()));
  });

  it('in a group DM nobody outside it, whatever they claim, nor a creator who is out of it', async () => {
    const creator = snowflake();
    const dm = await makeGroupDm(host, [creator]);
    const { code } = await createInvite(host, dm.id, creator);
    await host.admin.put(
      `/internal/v1/group-dms/${dm.id}`,
      asService({ json: { name: null, owner_id: dm.ownerId, recipients: [dm.ownerId] } }),
    );
    for (const call of [{ as: creator }, { as: snowflake(), permissions: bits('ADMINISTRATOR') }]) {
      expect([403, 404]).toContain((await revoke(code, call)).status);
      await expectAlive(code);
    }
  });
});

describe('what is not there', () => {
  it.each([unusedCode(), unusedCode(65), 'a.b', '%00'])('%s is UNKNOWN_INVITE', async (code) => {
    expectError(await revoke(code, { as: snowflake() }), 404, 'UNKNOWN_INVITE');
    expectError(await revoke(code, asService()), 404, 'UNKNOWN_INVITE');
    expectError(await revoke(code, {}), 401, 'UNAUTHORIZED');
  });

  it('a vanity code is 404 to its owner and to a service, in any case, and goes on', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    const code = unusedVanity();
    await setVanity(host, guild, code);
    expectError(await revoke(code, { as: guild.ownerId }), 404, 'UNKNOWN_INVITE');
    expectError(await revoke(code.toUpperCase(), { as: guild.ownerId }), 404, 'UNKNOWN_INVITE');
    expectError(await revoke(code, asService()), 404, 'UNKNOWN_INVITE');
    await expectAlive(code);
  });
});
