// What workers keep of invites must never be seen: two of them, every answer on a connection of its own, and whatever was
// changed over one of them is what the other shows from then on.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient, type JsonObject } from '../support/client.js';
import { accept, asService, createInvite, type Host, makeGuild, startHost } from '../support/directory.js';
import { expectError } from '../support/expect-answer.js';
import { snowflake } from '../support/ids.js';

const LOOKS = 8;

let host: Host;
beforeAll(async () => {
  host = await startHost({ INVITED_WORKERS: '2' });
});
afterAll(() => host.stop());

/** Every look is over a new connection, which any of the workers may take. */
async function looks(code: string, query = ''): Promise<readonly JsonObject[]> {
  const seen: JsonObject[] = [];
  for (let at = 0; at < LOOKS; at += 1) {
    const client = createClient(host.server.url, host.server.secret, 'public');
    const answer = await client.get(`/v1/invites/${code}${query}`);
    client.close();
    expect(answer.status).toBe(200);
    seen.push(answer.object());
  }
  return seen;
}

async function put(path: string, json: unknown): Promise<void> {
  const client = createClient(host.server.adminUrl, host.server.secret, 'admin');
  const answer = await client.put(`/internal/v1${path}`, { ...asService(), json });
  client.close();
  expect(answer.status).toBe(200);
}

const nested = (object: JsonObject, key: string) => object[key] as JsonObject;

describe('an invite that two workers have shown', () => {
  it('shows the new name of its guild, channel and inviter at once', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await looks(code);
    for (let change = 0; change < 5; change += 1) {
      const name = `name ${change}`;
      await put(`/guilds/${guild.id}`, { name, owner_id: guild.ownerId });
      for (const invite of await looks(code)) expect(nested(invite, 'guild')['name']).toBe(name);
      await put(`/guilds/${guild.id}/channels/${guild.channelId}`, { name, type: 0 });
      for (const invite of await looks(code)) expect(nested(invite, 'channel')['name']).toBe(name);
      await put(`/users/${guild.ownerId}`, { username: name, discriminator: change, avatar_hash: null });
      for (const invite of await looks(code)) expect(nested(invite, 'inviter')['username']).toBe(name);
      const joined = await accept(host, code, snowflake());
      expect(nested(joined.object(), 'guild')['name']).toBe(name);
    }
  });

  it('shows that its inviter is gone', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await put(`/users/${guild.ownerId}`, { username: 'someone', discriminator: 1, avatar_hash: null });
    await looks(code);
    await host.admin.delete(`/internal/v1/users/${guild.ownerId}`, asService());
    for (const invite of await looks(code)) expect(invite['inviter']).toBeNull();
  });

  it('shows new settings when it is imported anew under its old code', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    await looks(code);
    await host.api.delete(`/v1/invites/${code}`, { as: guild.ownerId });
    for (let at = 0; at < LOOKS; at += 1) {
      expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
    }
    const inviterId = snowflake();
    const line = { put: 'invite', code, channel_id: guild.channelId, inviter_id: inviterId, temporary: true };
    const answer = await host.admin.post('/internal/v1/import', {
      ...asService(),
      body: JSON.stringify({ ...line, max_age: 0, max_uses: 3 }),
    });
    expect(answer.object()).toMatchObject({ applied: 1, failed_total: 0 });
    for (const invite of await looks(code)) {
      expect(invite).toMatchObject({ inviter_id: inviterId, temporary: true, version: 1 });
    }
  });

  it('tells each of many who look at once what he asked for, and no more', async () => {
    const guild = await makeGuild(host, { presence_count: 6 });
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    for (let uses = 0; uses <= 3; uses += 1) {
      const answers = await Promise.all(
        Array.from({ length: 40 }, async (_, at) => {
          const [wantsCounts, isOwner] = [at % 2 === 1, at % 4 >= 2];
          const path = `/v1/invites/${code}${wantsCounts ? '?with_counts=1' : ''}`;
          const answer = await host.api.get(path, isOwner ? { as: guild.ownerId } : {});
          return { wantsCounts, isOwner, invite: answer.object() };
        }),
      );
      for (const { wantsCounts, isOwner, invite } of answers) {
        expect(invite['code']).toBe(code);
        expect(invite['approximate_member_count']).toBe(wantsCounts ? uses + 1 : undefined);
        expect(invite['approximate_presence_count']).toBe(wantsCounts ? 6 : undefined);
        expect(invite['uses']).toBe(isOwner ? uses : undefined);
      }
      expect((await accept(host, code, snowflake())).status).toBe(200);
    }
  });

  it('counts who came in since', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    for (let members = 1; members <= 4; members += 1) {
      for (const invite of await looks(code, '?with_counts=1')) {
        expect(invite['approximate_member_count']).toBe(members);
      }
      expect((await accept(host, code, snowflake())).status).toBe(200);
    }
  });
});
