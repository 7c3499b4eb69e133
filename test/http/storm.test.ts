// The sum that must hold at every instant: joins recorded for a code = its uses <= its max_uses.
// Many users at once on few uses, over many connections, some of them asking several times.

import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  accept,
  asService,
  createInvite,
  type Host,
  isMember,
  makeGroupDm,
  makeGuild,
  memberCountOf,
  startHost,
} from '../support/directory.js';
import { snowflakes } from '../support/ids.js';

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

/** Each user asks `times` times; gives who was told to be a new member. */
async function storm(code: string, users: readonly string[], times: number): Promise<readonly string[]> {
  const asked = Array.from({ length: times }, () => users).flat();
  const joined: string[] = [];
  await Promise.all(
    asked.map(async (user) => {
      const answer = await accept(host, code, user);
      if (answer.status === 200) {
        if (answer.object()['new_member'] === true) joined.push(user);
      } else {
        expect(answer.status).toBe(404);
      }
    }),
  );
  return joined;
}

it('gives the last use to exactly one of 500 simultaneous users, in each of 8 rounds', async () => {
  for (let round = 0; round < 8; round += 1) {
    const guild = await makeGuild(host);
    const invite = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: 1 });
    const users = snowflakes(500);
    const joined = await storm(invite.code, users, 1);
    expect(joined).toHaveLength(1);
    const after = await createInvite(host, guild.channelId, guild.ownerId);
    expect(await memberCountOf(host, after.code)).toBe(2);
    for (const user of joined) expect(await isMember(host, guild.id, user)).toBe(true);
  }
});

it.each([2, 7, 99])('lets exactly %i of 300 users in when each asks three times', async (cap) => {
  const guild = await makeGuild(host);
  const invite = await createInvite(host, guild.channelId, guild.ownerId, { max_uses: cap });
  const users = snowflakes(300);
  const joined = await storm(invite.code, users, 3);
  expect(joined).toHaveLength(cap);
  expect(new Set(joined).size).toBe(cap);
  const members = await Promise.all(users.map((user) => isMember(host, guild.id, user)));
  expect(users.filter((_, index) => members[index])).toEqual(users.filter((user) => joined.includes(user)));
});

it('counts each of 300 users once on an invite without a cap, however often they ask', async () => {
  const guild = await makeGuild(host);
  const invite = await createInvite(host, guild.channelId, guild.ownerId);
  const users = snowflakes(300);
  const joined = await storm(invite.code, users, 3);
  expect([...joined].sort()).toEqual([...users].sort());
  expect((await host.api.get(`/api/v1/invites/${invite.code}`, asService())).json()).toMatchObject({
    uses: 300,
  });
  expect(await memberCountOf(host, invite.code)).toBe(301);
});

it('gives the last use of a group DM invite to one of 200 users', async () => {
  const dm = await makeGroupDm(host);
  const invite = await createInvite(host, dm.id, dm.ownerId, { max_uses: 1 });
  const joined = await storm(invite.code, snowflakes(200), 1);
  const stored = await host.admin.get(`/internal/v1/group-dms/${dm.id}`, asService());
  expect(joined).toHaveLength(1);
  expect([...(stored.object()['recipients'] as string[])].sort()).toEqual([dm.ownerId, ...joined].sort());
});
