// The import stream: what its lines put is there, and what is wrong with a line is told with its number.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asService,
  createInvite,
  type Host,
  importLines,
  importText,
  internalGet,
  isMember,
  makeGuild,
  memberCountOf,
  startHost,
  usesOf,
} from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake, snowflakes, unusedCode } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

describe('an import', () => {
  it('puts a whole guild, each kind of line', async () => {
    const [guildId, channelId, ownerId, userId, dmId] = snowflakes(5);
    const code = unusedCode();
    const result = await importLines(host, [
      { put: 'guild', id: guildId, name: 'g', owner_id: ownerId },
      { put: 'channel', guild_id: guildId, id: channelId, name: 'c', type: 0 },
      { put: 'user', id: ownerId, username: 'ada' },
      { put: 'member', guild_id: guildId, user_id: userId, roles: [] },
      { put: 'ban', guild_id: guildId, user_id: '66', reason: 'x' },
      { put: 'ip_ban', guild_id: guildId, address: '192.0.2.9' },
      { put: 'group_dm', id: dmId, owner_id: ownerId, recipients: [ownerId] },
      {
        put: 'invite',
        code,
        channel_id: channelId,
        inviter_id: ownerId,
        created_at: '2026-03-01T10:00:00.000Z',
        max_age: 0,
        max_uses: 5,
        uses: 3,
        temporary: false,
      },
    ]);
    expect(result).toEqual({ applied: 8, failed: [], failed_total: 0 });
    expect(await isMember(host, guildId ?? '', userId ?? '')).toBe(true);
    expect((await internalGet(host, `/guilds/${guildId}/bans/66`)).status).toBe(200);
    expect((await internalGet(host, `/guilds/${guildId}/ip-bans/192.0.2.9`)).status).toBe(200);
    expect((await internalGet(host, `/group-dms/${dmId}`)).status).toBe(200);
    const invite = (await host.api.get(`/v1/invites/${code}`, asService())).object();
    expect(invite).toMatchObject({
      code,
      guild_id: guildId,
      inviter: { username: 'ada' },
      created_at: '2026-03-01T10:00:00.000Z',
      uses: 3,
      max_uses: 5,
    });
  });

  it('keeps codes from elsewhere, which count on and end as any other', async () => {
    const guild = await makeGuild(host);
    const codes = Array.from({ length: 30 }, () => unusedCode());
    await importLines(
      host,
      codes.map((code) => ({
        put: 'invite',
        code,
        channel_id: guild.channelId,
        max_age: 0,
        max_uses: 2,
        uses: 1,
      })),
    );
    for (const code of codes) {
      expect(await usesOf(host, code)).toBe(1);
      const answer = await host.api.post(`/v1/invites/${code}`, { as: snowflake() });
      expect(answer.object()).toMatchObject({ code, new_member: true });
      expectError(await host.api.post(`/v1/invites/${code}`, { as: snowflake() }), 404, 'UNKNOWN_INVITE');
    }
  });

  it('tells what is wrong with a line, as its endpoint would, and goes on', async () => {
    const guild = await makeGuild(host);
    const other = await makeGuild(host);
    const taken = await createInvite(host, other.channelId, other.ownerId);
    const good = JSON.stringify({ put: 'member', guild_id: guild.id, user_id: '1' });
    const text = [
      '{',
      '',
      good,
      '[]',
      '{"put":"nothing"}',
      '{"put":"__proto__"}',
      '{}',
      `{"put":"member","guild_id":"${snowflake()}","user_id":"1"}`,
      '{"put":"member","guild_id":5,"user_id":"1"}',
      `{"put":"invite","code":"${unusedCode()}","channel_id":"${snowflake()}"}`,
      `{"put":"invite","code":"a_b","channel_id":"${guild.channelId}"}`,
      `{"put":"invite","code":"${taken.code}","channel_id":"${guild.channelId}"}`,
      `{"put":"invite","code":"${unusedCode()}","channel_id":"${guild.channelId}","created_at":"2020-01-01T00:00:00Z","max_age":60}`,
      `{"put":"ip_ban","guild_id":"${guild.id}","address":"nowhere"}`,
      good,
    ].join('\r\n');
    const result = await importText(host, text);
    expect(result.applied).toBe(2);
    expect(result.failed_total).toBe(12);
    expect(result.failed.map(({ line, code }) => [line, code])).toEqual([
      [1, 'INVALID_FORM_BODY'],
      [4, 'INVALID_FORM_BODY'],
      [5, 'INVALID_FORM_BODY'],
      [6, 'INVALID_FORM_BODY'],
      [7, 'INVALID_FORM_BODY'],
      [8, 'UNKNOWN_GUILD'],
      [9, 'INVALID_FORM_BODY'],
      [10, 'UNKNOWN_CHANNEL'],
      [11, 'INVALID_FORM_BODY'],
      [12, 'INVALID_FORM_BODY'],
      [13, 'INVALID_FORM_BODY'],
      [14, 'INVALID_FORM_BODY'],
    ]);
    expect(await usesOf(host, taken.code)).toBe(0);
  });

  it('takes a line of 64 KiB and refuses one of a byte more', async () => {
    const line = (length: number) => {
      const start = `{"put":"user","id":"${snowflake()}","username":"`;
      return `${start}${'x'.repeat(length - start.length - 2)}"}`;
    };
    const result = await importText(host, `${line(65_536)}\r\n${line(65_537)}\n${line(100)}\n`);
    expect(result).toMatchObject({
      applied: 2,
      failed_total: 1,
      failed: [{ line: 2, code: 'INVALID_FORM_BODY' }],
    });
  });

  it('shows the first hundred failures and counts them all', async () => {
    const result = await importText(host, '{\n'.repeat(250));
    expect(result.failed_total).toBe(250);
    expect(result.failed.map(({ line }) => line)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  });

  it('lets the later of two lines about one thing win', async () => {
    const id = snowflake();
    const lines = Array.from({ length: 300 }, (_, at) => ({ put: 'user', id, username: `name ${at}` }));
    expect((await importLines(host, lines)).applied).toBe(300);
    expect((await internalGet(host, `/users/${id}`)).object()).toMatchObject({ username: 'name 299' });
  });

  it('takes twenty thousand members', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const lines = Array.from({ length: 20_000 }, (_, at) => ({
      put: 'member',
      guild_id: guild.id,
      user_id: `9${at}`,
    }));
    expect(await importLines(host, lines)).toEqual({ applied: 20_000, failed: [], failed_total: 0 });
    expect(await memberCountOf(host, code)).toBe(20_001);
  });

  it('of nothing puts nothing', async () => {
    expect(await importText(host, '')).toEqual({ applied: 0, failed: [], failed_total: 0 });
    expect(await importText(host, '\n\r\n\n')).toEqual({ applied: 0, failed: [], failed_total: 0 });
  });

  it('is for services', async () => {
    const path = '/internal/v1/import';
    expectError(await host.admin.post(path), 401, 'UNAUTHORIZED');
    expectError(await host.admin.post(path, { as: snowflake() }), 403, 'ACCESS_DENIED');
  });
});
