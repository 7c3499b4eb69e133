// An import line that is refused: it fails alone, with its number and the code that its endpoint would have given, and
// leaves the lines around it and what it names as they were.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../support/client.js';
import {
  asService,
  createInvite,
  type Host,
  importText,
  inviteLine,
  makeChannel,
  makeGuild,
  setVanity,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake, snowflakes, unusedCode, unusedVanity } from '../support/ids.js';

let host: Host;
let guild: TestGuild;
beforeAll(async () => {
  host = await startHost();
  guild = await makeGuild(host);
});
afterAll(() => host.stop());

/** Imports one line between two that are good, so that it is seen to fail alone; gives its code, or null. */
async function codeOf(line: string | Uint8Array): Promise<string | null> {
  const good = `${JSON.stringify({ put: 'member', guild_id: guild.id, user_id: snowflake() })}\n`;
  const middle = typeof line === 'string' ? Buffer.from(line) : line;
  const result = await importText(
    host,
    Buffer.concat([Buffer.from(good), middle, Buffer.from('\n'), Buffer.from(good)]),
  );
  expect(result.applied).toBe(result.failed.length === 0 ? 3 : 2);
  expect(result.failed_total).toBe(result.failed.length);
  const [failure] = result.failed;
  if (failure === undefined) return null;
  expect(failure).toEqual({ line: 2, code: expect.any(String), message: expect.stringMatching(/./) });
  return failure.code;
}

const codeOfLine = (line: JsonObject) => codeOf(JSON.stringify(line));

describe('a line fails alone', () => {
  it.each<readonly [string, JsonObject]>([
    ['a channel', { put: 'channel', id: '5', name: 'c' }],
    ['a member', { put: 'member', user_id: '5' }],
    ['a ban', { put: 'ban', user_id: '5' }],
    ['a ban of an address', { put: 'ip_ban', address: '192.0.2.1' }],
  ])('with UNKNOWN_GUILD: %s', async (_what, line) => {
    expect(await codeOfLine({ ...line, guild_id: snowflake() })).toBe('UNKNOWN_GUILD');
    expect(await codeOfLine(line)).toBe('INVALID_FORM_BODY');
    expect(await codeOfLine({ ...line, guild_id: 5 })).toBe('INVALID_FORM_BODY');
    expect(await codeOfLine({ ...line, guild_id: '05' })).toBe('INVALID_FORM_BODY');
  });

  it.each<readonly [string, JsonObject]>([
    ['a guild without an id', { put: 'guild', name: 'g', owner_id: '5' }],
    ['a guild without an owner', { put: 'guild', id: snowflake(), name: 'g' }],
    ['a guild with an id that is a number', { put: 'guild', id: 5, name: 'g', owner_id: '5' }],
    ['a user without a name', { put: 'user', id: snowflake() }],
    ['a user without an id', { put: 'user', username: 'u' }],
    ['a user by user_id', { put: 'user', user_id: snowflake(), username: 'u' }],
    [
      'a group DM without its owner in it',
      { put: 'group_dm', id: snowflake(), owner_id: '5', recipients: ['6'] },
    ],
    [
      'a group DM of 51',
      { put: 'group_dm', id: snowflake(), owner_id: '5', recipients: ['5', ...snowflakes(50)] },
    ],
    ['a kind that is none', { put: 'guilds', id: snowflake(), name: 'g', owner_id: '5' }],
    ['a kind of another case', { put: 'User', id: snowflake(), username: 'u' }],
    ['a kind that is a list', { put: ['user'], id: snowflake(), username: 'u' }],
    ['a kind that every object has', { put: 'constructor' }],
    ['no kind', { id: snowflake(), username: 'u' }],
  ])('with INVALID_FORM_BODY: %s', async (_what, line) => {
    expect(await codeOfLine(line)).toBe('INVALID_FORM_BODY');
  });

  it.each<readonly [string, JsonObject]>([
    ['a channel without a name', { put: 'channel', id: snowflake() }],
    ['a channel without an id', { put: 'channel', name: 'c' }],
    ['a member with roles that are none', { put: 'member', user_id: '5', roles: ['x'] }],
    ['a member that is temporary by word', { put: 'member', user_id: '5', temporary: 'true' }],
    ['a ban with a reason that is none', { put: 'ban', user_id: '5', reason: 5 }],
    ['a ban without an address', { put: 'ip_ban' }],
    ['a ban of a network', { put: 'ip_ban', address: '10.0.0.0/8' }],
    ['a ban of a number', { put: 'ip_ban', address: 1 }],
  ])('with INVALID_FORM_BODY in a known guild: %s', async (_what, line) => {
    expect(await codeOfLine({ ...line, guild_id: guild.id })).toBe('INVALID_FORM_BODY');
  });

  it.each<readonly [string, JsonObject]>([
    ['no code', { code: undefined }],
    ['a code of 65 letters', { code: unusedCode(65) }],
    ['a code with other letters', { code: 'a b' }],
    ['a code that is a number', { code: 12_345_678 }],
    ['an empty code', { code: '' }],
    ['a channel that is a number', { channel_id: 5 }],
    ['an inviter that is none', { inviter_id: 'x' }],
    ['a time that is none', { created_at: 'yesterday' }],
    ['a time that is a number', { created_at: 5 }],
    ['an age below 0', { max_age: -1 }],
    ['an age of over seven days', { max_age: 604_801 }],
    ['a cap below 0', { max_uses: -1 }],
    ['a cap over 100', { max_uses: 101 }],
    ['uses below 0', { uses: -1 }],
    ['uses with decimals', { uses: 1.5 }],
    ['a temporary that is a number', { temporary: 1 }],
  ])('with INVALID_FORM_BODY: an invite with %s', async (_what, fields) => {
    expect(await codeOfLine(inviteLine(guild.channelId, { code: unusedCode(), ...fields }))).toBe(
      'INVALID_FORM_BODY',
    );
  });

  it('with UNKNOWN_CHANNEL or INVALID_CHANNEL_TYPE: an invite of no channel or of a category', async () => {
    const category = await makeChannel(host, guild.id, { type: 4 });
    const [first, second] = [unusedCode(), unusedCode()];
    expect(await codeOfLine(inviteLine(snowflake(), { code: first }))).toBe('UNKNOWN_CHANNEL');
    expect(await codeOfLine(inviteLine(category, { code: second }))).toBe('INVALID_CHANNEL_TYPE');
    for (const code of [first, second]) {
      expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
    }
  });

  it('an invite with the code of another guild or of a vanity, which goes on', async () => {
    const other = await makeGuild(host, { features: ['VANITY_URL'] });
    const taken = await createInvite(host, other.channelId, other.ownerId);
    const vanity = unusedVanity();
    await setVanity(host, other, vanity);
    for (const code of [taken.code, vanity]) {
      expect(await codeOfLine(inviteLine(guild.channelId, { code, uses: 7 }))).not.toBeNull();
      const read = (await host.api.get(`/v1/invites/${code}`, asService())).object();
      expect(read).toMatchObject({ guild_id: other.id, uses: 0 });
    }
  });

  it.each<readonly [string, string | Uint8Array]>([
    ['nothing but a brace', '{'],
    ['a value after the object', '{"put":"user","id":"5","username":"u"} {}'],
    ['a comma at the end', '{"put":"user","id":"5","username":"u",}'],
    ['single quotes', "{'put':'user'}"],
    ['null', 'null'],
    ['a list', '[{"put":"user","id":"5","username":"u"}]'],
    ['a string', '"user"'],
    ['__proto__', '{"put":"user","id":"5","username":"u","x":{"__proto__":1}}'],
    ['a lone surrogate', '{"put":"user","id":"5","username":"\\ud800"}'],
    ['65 levels', `{"put":"user","id":"5","username":"u","x":${'['.repeat(65)}${']'.repeat(65)}}`],
    ['8,000 levels', `{"put":"user","id":"5","username":"u","x":${'['.repeat(8_000)}${']'.repeat(8_000)}}`],
    ['invalid UTF-8', Buffer.from('{"put":"user","id":"5","username":"\xff\xfe"}', 'latin1')],
    ['half a letter', Buffer.from('{"put":"user","id":"5","username":"\xc3"}', 'latin1')],
    ['a control character in a string', '{"put":"user","id":"5","username":"a\u0000b"}'],
    ['70,000 letters', `{"put":"user","id":"5","username":"${'x'.repeat(70_000)}"}`],
  ])('with INVALID_FORM_BODY: %s', async (_what, line) => {
    expect(await codeOf(line)).toBe('INVALID_FORM_BODY');
  });
});
