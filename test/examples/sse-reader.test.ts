// The example reader of the event stream, as a person runs it: killed and started again, it prints every event once, in order.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signToken } from '../support/client.js';
import { createInvite, type Host, join, makeGuild, startHost } from '../support/directory.js';
import { snowflake } from '../support/ids.js';
import { removeFolder } from '../support/remove-folder.js';
import { until } from '../support/until.js';

const FILE = fileURLToPath(new URL('../../examples/sse-reader.mjs', import.meta.url));

describe('examples/sse-reader.mjs', () => {
  let host: Host;
  let folder = '';
  let child: ChildProcess | null = null;
  let out = '';
  beforeAll(async () => {
    host = await startHost();
    folder = await mkdtemp(resolve(tmpdir(), 'invited-example-'));
  });
  afterAll(async () => {
    await kill();
    await host.stop();
    await removeFolder(folder);
  });

  const start = async (): Promise<void> => {
    const exp = Math.floor(Date.now() / 1000) + 600;
    const started = spawn(process.execPath, [FILE], {
      env: {
        PATH: process.env['PATH'],
        INVITED_ADMIN_URL: host.server.adminUrl,
        INVITED_TOKEN: await signToken(host.server.secret, { sub: '1', role: 'service', exp }),
        CURSOR_FILE: resolve(folder, 'cursor'),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    started.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child = started;
  };
  async function kill(): Promise<void> {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  it('prints each event of a guild in order, also those that came while it was dead', async () => {
    const guild = await makeGuild(host);
    const { code } = await createInvite(host, guild.channelId, guild.ownerId);
    const userIds = Array.from({ length: 30 }, () => snowflake());
    const accept = async (from: number, to: number): Promise<void> => {
      for (const userId of userIds.slice(from, to)) await join(host, code, userId);
    };
    const printed = (): readonly string[] =>
      out.split('\n').flatMap((line) => {
        const [, type, guildId, data = ''] = /^(?:\S+) (\S+) (\S+) (.*)$/.exec(line) ?? [];
        if (type !== 'INVITE_ACCEPT' || guildId !== guild.id) return [];
        return [(JSON.parse(data) as { user_id: string }).user_id];
      });
    await start();
    await accept(0, 10);
    await until('it has printed the first', () => printed().length >= 10);
    await kill();
    await accept(10, 20);
    await start();
    await accept(20, 30);
    await until('it has printed them all', () => new Set(printed()).size === 30);
    // What it had not noted when it was killed comes again.
    expect([...new Set(printed())]).toEqual(userIds);
  });
});
