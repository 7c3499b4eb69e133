// The limit of live invites in a guild, seen from close by: the server of this file allows three.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asService,
  createInvite,
  decodeInvite,
  type Host,
  join,
  makeChannel,
  makeGuild,
  remove,
  setVanity,
  startHost,
} from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake, unusedVanity } from '../support/ids.js';
import { until } from '../support/until.js';

let host: Host;
beforeAll(async () => {
  host = await startHost({ INVITED_MAX_INVITES_PER_GUILD: '3', INVITED_CODE_LENGTH: '6' });
});
afterAll(() => host.stop());

const create = (channelId: string, as: string, json: object = { max_age: 0 }) =>
  host.api.post(`/api/v1/channels/${channelId}/invites`, { as, json });

describe('the limit of live invites', () => {
  it('lets the last one in and none beyond it, over all channels together', async () => {
    const guild = await makeGuild(host);
    const other = await makeChannel(host, guild.id);
    for (const channel of [guild.channelId, other, guild.channelId]) {
      expect((await create(channel, guild.ownerId)).status).toBe(200);
    }
    expectError(await create(guild.channelId, guild.ownerId), 400, 'MAX_INVITES');
    expectError(await create(other, guild.ownerId), 400, 'MAX_INVITES');
    const service = await host.api.post(`/api/v1/channels/${other}/invites`, asService());
    expectError(service, 400, 'MAX_INVITES');
  });

  it('has room again once one is revoked, used up, expired or gone with its channel', async () => {
    const guild = await makeGuild(host);
    const other = await makeChannel(host, guild.id);
    const revoked = await createInvite(host, guild.channelId, guild.ownerId);
    const usedUp = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 1 });
    await createInvite(host, other, guild.ownerId);
    const full = async () => expectError(await create(guild.channelId, guild.ownerId), 400, 'MAX_INVITES');
    const refill = async (fields: object = {}) => createInvite(host, guild.channelId, guild.ownerId, fields);

    await full();
    expect((await host.api.delete(`/api/v1/invites/${revoked.code}`, { as: guild.ownerId })).status).toBe(
      204,
    );
    await refill();
    await full();
    await join(host, usedUp.code, snowflake());
    const expiring = await refill({ max_age: 1 });
    await until('room by expiry', async () => (await create(guild.channelId, guild.ownerId)).status === 200);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expiring.created_at) + 1_000);
    await full();
    await remove(host, `/guilds/${guild.id}/channels/${other}`);
    await refill();
    await full();
  });

  it('gives the match of unique false at the limit too', async () => {
    const guild = await makeGuild(host);
    const first = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 7 });
    await createInvite(host, guild.channelId, guild.ownerId);
    await createInvite(host, guild.channelId, guild.ownerId);
    const again = await create(guild.channelId, guild.ownerId, { max_age: 0, max_uses: 7, unique: false });
    expect(decodeInvite(again).code).toBe(first.code);
    const noMatch = await create(guild.channelId, guild.ownerId, { max_age: 0, max_uses: 8, unique: false });
    expectError(noMatch, 400, 'MAX_INVITES');
  });

  it('does not count the vanity', async () => {
    const guild = await makeGuild(host, { features: ['VANITY_URL'] });
    await setVanity(host, guild, unusedVanity());
    for (let made = 0; made < 3; made += 1) await createInvite(host, guild.channelId, guild.ownerId);
    expectError(await create(guild.channelId, guild.ownerId), 400, 'MAX_INVITES');
    await setVanity(host, guild, unusedVanity());
  });

  it("is each guild's own", async () => {
    const [one, two] = [await makeGuild(host), await makeGuild(host)];
    for (let made = 0; made < 3; made += 1) await createInvite(host, one.channelId, one.ownerId);
    expectError(await create(one.channelId, one.ownerId), 400, 'MAX_INVITES');
    expect((await create(two.channelId, two.ownerId)).status).toBe(200);
  });

  it('comes after the permission', async () => {
    const guild = await makeGuild(host);
    for (let made = 0; made < 3; made += 1) await createInvite(host, guild.channelId, guild.ownerId);
    expectError(await create(guild.channelId, snowflake()), 403, 'MISSING_PERMISSIONS');
  });
});

it('makes codes of the length that is set', async () => {
  const guild = await makeGuild(host);
  expect((await createInvite(host, guild.channelId, guild.ownerId)).code).toMatch(/^[A-Za-z0-9]{6}$/);
});
