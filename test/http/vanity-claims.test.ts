// Many claims of vanity codes at once: one owner for each code, none left dead, none lost.

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer } from '../support/client.js';
import {
  decodeInvite,
  type Host,
  makeGuild,
  setVanity,
  startHost,
  type TestGuild,
} from '../support/directory.js';
import { expectInvalid } from '../support/expect-answer.js';
import { unusedVanity } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const makeVanityGuilds = (count: number): Promise<readonly TestGuild[]> =>
  Promise.all(Array.from({ length: count }, () => makeGuild(host, { features: ['VANITY_URL'] })));

const claim = (guild: TestGuild, code: string | null): Promise<Answer> =>
  host.api.patch(`/api/v1/guilds/${guild.id}/vanity-url`, { as: guild.ownerId, json: { code } });

async function codeOf(guild: TestGuild): Promise<unknown> {
  const answer = await host.api.get(`/api/v1/guilds/${guild.id}/vanity-url`, { as: guild.ownerId });
  expect(answer.status, answer.text).toBe(200);
  return answer.object()['code'];
}

async function guildOf(code: string): Promise<unknown> {
  const answer = await host.api.get(`/api/v1/invites/${code}`);
  return answer.status === 404 ? null : decodeInvite(answer)['guild_id'];
}

/** Each claim was either granted with this very code, or refused as taken; gives the guilds that got it. */
function winnersOf(
  guilds: readonly TestGuild[],
  answers: readonly Answer[],
  code: string,
): readonly TestGuild[] {
  return guilds.filter((_, index) => {
    const answer = answers[index];
    if (answer?.status === 200) {
      expect(answer.json()).toEqual({ code, uses: 0 });
      return true;
    }
    if (answer !== undefined) expectInvalid(answer, 'code', 'VANITY_URL_CODE_ALREADY_TAKEN');
    return false;
  });
}

it('gives one code to exactly one of 200 guilds that claim it at once, in each of 10 rounds', async () => {
  const guilds = await makeVanityGuilds(200);
  const held = new Map<string, string>();
  for (let round = 0; round < 10; round += 1) {
    const code = unusedVanity();
    const winners = winnersOf(guilds, await Promise.all(guilds.map((guild) => claim(guild, code))), code);
    expect(winners).toHaveLength(1);
    const winner = winners[0]?.id ?? '';
    expect(await guildOf(code)).toBe(winner);
    const old = held.get(winner);
    if (old !== undefined) expect(await guildOf(old)).toBeNull();
    held.set(winner, code);
  }
  for (const guild of guilds) expect(await codeOf(guild)).toBe(held.get(guild.id) ?? null);
}, 60_000);

it('never gives two guilds that swap their codes one code both, nor leaves one dead', async () => {
  const [one, two] = await makeVanityGuilds(2);
  if (one === undefined || two === undefined) throw new Error('no guilds');
  for (let round = 0; round < 20; round += 1) {
    const [a, b] = [unusedVanity(), unusedVanity()];
    await setVanity(host, one, a);
    await setVanity(host, two, b);
    const answers = await Promise.all([claim(one, b), claim(two, a)]);
    for (const answer of answers) expect([200, 400]).toContain(answer.status);
    const [codeOfOne, codeOfTwo] = [await codeOf(one), await codeOf(two)];
    expect(codeOfOne).toBe(answers[0].status === 200 ? b : a);
    expect(codeOfTwo).toBe(answers[1].status === 200 ? a : b);
    for (const code of [a, b]) {
      const owner = code === codeOfOne ? one.id : code === codeOfTwo ? two.id : null;
      expect(await guildOf(code)).toBe(owner);
    }
    expect(codeOfOne).not.toBe(codeOfTwo);
  }
});

it('leaves a guild with one code, and every other one free, when it sets 30 at once', async () => {
  const [guild, other] = await makeVanityGuilds(2);
  if (guild === undefined || other === undefined) throw new Error('no guilds');
  const codes = Array.from({ length: 30 }, () => unusedVanity());
  const answers = await Promise.all(codes.map((code) => claim(guild, code)));
  expect(answers.map((answer) => answer.status).filter((status) => status >= 500)).toEqual([]);
  const last = await codeOf(guild);
  expect(codes).toContain(last);
  for (const code of codes) expect(await guildOf(code)).toBe(code === last ? guild.id : null);
  for (const code of codes.filter((one) => one !== last)) {
    expect((await claim(other, code)).json()).toEqual({ code, uses: 0 });
  }
});

it('grants the same claim to one guild that sends it 50 times at once', async () => {
  const [guild] = await makeVanityGuilds(1);
  if (guild === undefined) throw new Error('no guild');
  const code = unusedVanity();
  const answers = await Promise.all(Array.from({ length: 50 }, () => claim(guild, code)));
  expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 50 }, () => 200));
  expect(await codeOf(guild)).toBe(code);
  expect(await guildOf(code)).toBe(guild.id);
});

it('ends with a code that works or with none, when setting and removing race', async () => {
  const guilds = await makeVanityGuilds(10);
  for (const guild of guilds) {
    const code = unusedVanity();
    await Promise.all([claim(guild, code), claim(guild, null), claim(guild, code), claim(guild, null)]);
    const now = await codeOf(guild);
    expect([code, null]).toContain(now);
    expect(await guildOf(code)).toBe(now === null ? null : guild.id);
    expect((await claim(guild, code)).json()).toEqual({ code, uses: 0 });
  }
});
