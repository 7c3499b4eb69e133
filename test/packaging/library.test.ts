// The library, as a program sees it that has installed the package: its types, its verbs, its errors, and what it leaves behind.

import { mkdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalRedis, startLocalRedis } from '../support/redis.js';
import { installPackage, type Project } from './installed.js';

const ROOT = join(import.meta.dirname, '../..');
const STRICT = [
  ...['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noEmit'],
  ...['--module', 'nodenext', '--target', 'es2022', '--skipLibCheck', 'false', '--ignoreConfig'],
];

let project: Project;
let redis: LocalRedis;

beforeAll(async () => {
  [project, redis] = await Promise.all([installPackage(), startLocalRedis([])]);
}, 300_000);

afterAll(async () => {
  await redis?.stop();
  await project?.remove();
});

/** Runs a program that begins with the engine in `invited`, and gives the JSON that it ends with. */
async function tell(program: string, options = 'jobs: true'): Promise<unknown> {
  await project.write(
    'program.mjs',
    `import { createEngine, InvalidInput, StartError, StoreUnavailable } from 'invited';
    const redisUrl = process.env.REDIS_URL;
    const invited = await createEngine({ redisUrl, ${options} });
    const tell = (value) => console.log(JSON.stringify(value));
    ${program}
    await invited.close();`,
  );
  return answerOf(await project.run(['program.mjs'], { REDIS_URL: redis.url }));
}

function answerOf(ended: Awaited<ReturnType<Project['run']>>): unknown {
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return JSON.parse(ended.stdout);
}

/** What createEngine says to each of these options. */
async function refusalsOf(options: readonly string[], redisUrl = redis.url): Promise<unknown> {
  await project.write(
    'refused.mjs',
    `import { createEngine, StartError } from 'invited';
    const redisUrl = process.env.REDIS_URL;
    const refusals = [];
    for (const options of [${options.join(', ')}]) {
      await createEngine(options).catch((error) =>
        refusals.push(error instanceof StartError && error.code === 'START_FAILED' ? error.message : error.stack));
    }
    console.log(JSON.stringify(refusals));`,
  );
  return answerOf(await project.run(['refused.mjs'], { REDIS_URL: redisUrl }));
}

describe('the package', () => {
  it('holds what it needs and nothing of the workshop', () => {
    expect(project.packed).toEqual(
      expect.arrayContaining([
        'dist/library.js',
        'dist/library.d.ts',
        'dist/main.js',
        'lua/accept.lua',
        'README.md',
      ]),
    );
    expect(project.packed.filter((path) => /^(src|test|bench|scripts)\/|\.map$|\.stamp$/.test(path))).toEqual(
      [],
    );
  });

  it('shows its face and none of its insides', async () => {
    await project.write(
      'face.mjs',
      `const face = Object.keys(await import('invited'));
      const inside = await import('invited/dist/store/store.js').then(() => 'there', (error) => error.code);
      console.log(JSON.stringify([face, inside]));`,
    );
    expect(answerOf(await project.run(['face.mjs']))).toEqual([
      ['InvalidInput', 'StartError', 'StoreUnavailable', 'createEngine'],
      'ERR_PACKAGE_PATH_NOT_EXPORTED',
    ]);
  });

  it('runs its program', async () => {
    const { code, stdout } = await project.run(['node_modules/invited/dist/main.js', 'help']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('usage: invited <command>')]);
  });
});

describe('the types', () => {
  it('pass the strictest compiler, with nothing else installed', async () => {
    await project.write(
      'typed.ts',
      `import { createEngine, InvalidInput, StoreUnavailable, type AcceptOutcome, type Engine, type InviteWithMetadata } from 'invited';
      const invited: Engine = await createEngine({ redisUrl: 'redis://127.0.0.1', jobs: false });
      const outcome: AcceptOutcome = await invited.accept('code', '1', { address: '192.0.2.1' });
      const name: string | undefined = outcome.status === 'accepted' ? outcome.invite.guild?.name : undefined;
      const read = await invited.read('code', { by: { userId: '1', role: 'service' }, counts: true });
      const full: InviteWithMetadata | null = read.status === 'found' && read.maySeeMetadata ? read.invite : null;
      const put = await invited.putMember({ guild_id: '1', user_id: '2', roles: ['3'] });
      const roles: readonly string[] = put.status === 'put' ? put.record.roles : [];
      const page = await invited.events();
      if (page.status === 'page') for (const event of page.events) {
        if (event.type === 'INVITE_DELETE') { const reason: 'revoked' | 'exhausted' | 'expired' | 'channel_deleted' | 'guild_deleted' = event.data.reason; void reason; }
      }
      const caught: unknown = null;
      if (caught instanceof StoreUnavailable) { const kind: 'down' | 'unknown' = caught.kind; void kind; }
      if (caught instanceof InvalidInput) { const path: string | undefined = caught.errors[0]?.path; void path; }
      void [name, full, roles];`,
    );
    expect(await project.compile(...STRICT, '--types', '', 'typed.ts')).toBe('');
  });

  it('refuse what there is not: a status, a numeric id, an option, no word on the jobs, metadata of an accepted invite', async () => {
    await project.write(
      'wrong.ts',
      `import { createEngine, type Engine } from 'invited'; declare const invited: Engine; const outcome = await invited.accept('c', '1');
void (outcome.status === 'no_such_status');
void invited.accept('c', 1);
void createEngine({ redisUrl: '', jobs: true, port: 1 });
void createEngine({ redisUrl: '' });
if (outcome.status === 'accepted') void outcome.invite.uses;`,
    );
    const said = await project.compile(...STRICT, '--types', '', 'wrong.ts');
    const lines = [...said.matchAll(/^wrong\.ts\((\d+),/gm)].map(([, line]) => Number(line));
    expect(lines).toEqual([2, 3, 4, 5, 6]);
  });
});

describe('the example of the README', () => {
  it('compiles, runs, and says what it should', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const example = /## As a library[\s\S]*?```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    await project.write('example.ts', example);
    await mkdir(join(project.folder, 'node_modules/@types'), { recursive: true });
    for (const name of ['@types/node', 'undici-types']) {
      await symlink(join(ROOT, 'node_modules', name), join(project.folder, 'node_modules', name));
    }
    expect(
      await project.compile(...STRICT.filter((flag) => flag !== '--noEmit'), '--types', 'node', 'example.ts'),
    ).toBe('');
    const ended = await project.run(['example.js'], { REDIS_URL: redis.url });
    expect(ended).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        '8 is in Chess club',
        '9 is not let in: unknown',
        'INVITE_CREATE INVITE_ACCEPT INVITE_DELETE',
        '',
      ].join('\n'),
    });
  });
});

describe('the verbs', () => {
  it('go from a guild to its end', async () => {
    const answers = await tell(`
      const by = { userId: '100', role: 'service' };
      const all = [];
      const note = async (name, outcome) => all.push([name, (await outcome).status]);
      await note('guild', invited.putGuild({ id: '10', name: 'G', owner_id: '11', features: ['VANITY_URL'] }));
      await note('channel', invited.putChannel({ guild_id: '10', id: '12', name: 'c' }));
      await note('channel of nobody', invited.putChannel({ guild_id: '19', id: '18', name: 'c' }));
      await note('member', invited.putMember({ guild_id: '10', user_id: '13' }));
      await note('user', invited.putUser({ id: '11', username: 'olga' }));
      await note('ban', invited.putBan({ guild_id: '10', user_id: '14', reason: 'spam' }));
      await note('address', invited.putIpBan({ guild_id: '10', address: '2001:db8::1' }));
      await note('group dm', invited.putGroupDm({ id: '20', owner_id: '11', recipients: ['11', '13'] }));
      const { invite } = await invited.create('12', '11', { max_uses: 5 });
      await note('no right', invited.create('12', '10000'));
      await note('banned', invited.accept(invite.code, '14'));
      await note('banned address', invited.accept(invite.code, '15', { address: '2001:db8::ffff' }));
      await note('in', invited.accept(invite.code, '15', { address: '192.0.2.1' }));
      await note('in again', invited.accept(invite.code, '15'));
      await note('other version', invited.edit(invite.code, '11', { max_uses: 9 }, { ifVersion: 99 }));
      await note('edited', invited.edit(invite.code, '11', { max_uses: 9 }, { ifVersion: [invite.version] }));
      await note('too small', invited.edit(invite.code, '11', { max_uses: 1 }));
      await note('list', invited.listChannel('12', by, { limit: 1 }));
      await note('list of nobody', invited.listGuild('19', by));
      await note('cursor', invited.listGuild('10', by, { after: 'never ) seen' }));
      await note('vanity', invited.setVanity('10', by, 'Chess Club'));
      await note('vanity code', invited.read('chess-club'));
      await note('vanity refused', invited.setVanity('10', by, '!'));
      await note('imported', invited.putInvite({ code: 'old1', channel_id: '12', uses: 3 }));
      await note('ban ends', invited.deleteBan('10', '14'));
      await note('no ban', invited.getBan('10', '14'));
      await note('revoked', invited.revoke(invite.code, by));
      await note('gone', invited.read(invite.code));
      const removed = await invited.disconnect('13');
      await note('guild ends', invited.deleteGuild('10', '100'));
      await note('no guild', invited.getGuild('10'));
      await note('consumer', invited.forgetConsumer('nobody'));
      tell({ all, removed });
    `);
    expect(answers).toEqual({
      all: [
        ['guild', 'put'],
        ['channel', 'put'],
        ['channel of nobody', 'unknown_guild'],
        ['member', 'put'],
        ['user', 'put'],
        ['ban', 'put'],
        ['address', 'put'],
        ['group dm', 'put'],
        ['no right', 'missing_permissions'],
        ['banned', 'banned'],
        ['banned address', 'ip_banned'],
        ['in', 'accepted'],
        ['in again', 'already'],
        ['other version', 'version_mismatch'],
        ['edited', 'edited'],
        ['too small', 'already_over'],
        ['list', 'listed'],
        ['list of nobody', 'unknown_guild'],
        ['cursor', 'unknown_cursor'],
        ['vanity', 'is'],
        ['vanity code', 'found'],
        ['vanity refused', 'invalid_code'],
        ['imported', 'put'],
        ['ban ends', 'deleted'],
        ['no ban', 'unknown_ban'],
        ['revoked', 'revoked'],
        ['gone', 'unknown'],
        ['guild ends', 'deleted'],
        ['no guild', 'unknown_guild'],
        ['consumer', 'unknown_consumer'],
      ],
      removed: [],
    });
  });

  it('give the last use once to 300 users at once, and the metadata to those who may see it', async () => {
    const answers = await tell(`
      await invited.putGuild({ id: '30', name: 'G', owner_id: '31' });
      await invited.putChannel({ guild_id: '30', id: '32', name: 'c' });
      const { invite } = await invited.create('32', '31', { max_uses: 7 });
      const outcomes = await Promise.all(Array.from({ length: 300 }, (_, at) => invited.accept(invite.code, String(1000 + at))));
      const kept = (await invited.create('32', '31')).invite;
      const shown = await Promise.all([invited.read(kept.code), invited.read(kept.code, { by: '31', counts: true })]);
      tell([
        outcomes.filter(({ status }) => status === 'accepted').length,
        outcomes.filter(({ status }) => status === 'unknown').length,
        ...shown.map(({ invite }) => [invite.uses ?? null, invite.approximate_member_count ?? null]),
      ]);
    `);
    expect(answers).toEqual([7, 293, [null, null], [0, 8]]);
  });

  it('refuse what can not be right, by field, and change nothing', async () => {
    const answers = await tell(`
      const refusals = [];
      for (const attempt of [
        () => invited.accept('c', 5),
        () => invited.accept('c', '5', { address: '1.2.3' }),
        () => invited.accept(undefined, '5'),
        () => invited.create('1', { userId: '1', role: 'king' }),
        () => invited.create('1', '1', { max_uses: 101, max_age: '1' }),
        () => invited.putGuild({ id: '90', name: '', owner_id: '01' }),
        () => invited.edit('c', '1', {}, { ifVersion: '3' }),
        () => invited.listGuild('1', '1', { limit: 0 }),
        () => invited.events({ after: 'x', limit: 1001 }),
        () => invited.events({ after: 'x' }),
      ]) {
        const error = await attempt().then(() => null, (thrown) => thrown);
        refusals.push([error instanceof InvalidInput && error instanceof TypeError && error.code, error.errors.map(({ path, code }) => path + ' ' + code)]);
      }
      tell([refusals, (await invited.getGuild('90')).status]);
    `);
    const code = 'INVALID_INPUT';
    expect(answers).toEqual([
      [
        [code, ['userId INVALID_ID']],
        [code, ['address INVALID_ADDRESS']],
        [code, ['code REQUIRED']],
        [code, ['by.role INVALID_VALUE']],
        [code, ['max_age INVALID_TYPE', 'max_uses OUT_OF_RANGE']],
        [code, ['name INVALID_VALUE', 'owner_id INVALID_ID']],
        [code, ['ifVersion INVALID_TYPE']],
        [code, ['limit OUT_OF_RANGE']],
        [code, ['limit OUT_OF_RANGE']],
        [code, ['after INVALID_VALUE']],
      ],
      'unknown_guild',
    ]);
  });

  it('keep events for a consumer until he names them, and end an expired invite', async () => {
    const answers = await tell(
      `
      const types = [];
      let after = null;
      await invited.events({ consumer: 'host' });
      await invited.putGuild({ id: '40', name: 'G', owner_id: '41' });
      await invited.putChannel({ guild_id: '40', id: '42', name: 'c' });
      const { invite } = await invited.create('42', '41', { max_age: 1 });
      const deadline = Date.now() + 20000;
      while (!types.includes('INVITE_DELETE expired') && Date.now() < deadline) {
        const page = await invited.events({ consumer: 'host', after });
        after = page.next;
        for (const { guild_id, type, data } of page.events) if (guild_id === '40') types.push([type, data.reason].filter(Boolean).join(' '));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      tell(types);
    `,
      'jobs: true, eventsRetentionMs: 0',
    );
    expect(answers).toEqual(['INVITE_CREATE', 'INVITE_DELETE expired']);
  });

  it('say of a Redis that has gone that it has', async () => {
    const own = await startLocalRedis([]);
    try {
      await project.write(
        'outage.mjs',
        `import { createEngine, StoreUnavailable } from 'invited';
        const invited = await createEngine({ redisUrl: process.env.REDIS_URL, jobs: true, logLevel: 'silent' });
        process.kill(Number(process.env.REDIS_PID), 'SIGKILL');
        let error = null;
        while (error === null) error = await invited.read('code').then(() => null, (thrown) => thrown);
        console.log(JSON.stringify([error instanceof StoreUnavailable, error.code, ['down', 'unknown'].includes(error.kind)]));
        await invited.close();`,
      );
      const ended = await project.run(['outage.mjs'], { REDIS_URL: own.url, REDIS_PID: String(own.pid) });
      expect(answerOf(ended)).toEqual([true, 'STORE_UNAVAILABLE', true]);
    } finally {
      await own.stop();
    }
  });

  it('refuse once closed, and let what was under way end', async () => {
    expect(
      await tell(`
        const underWay = invited.getGuild('999');
        const closing = invited.close();
        const late = await invited.getGuild('999').catch((error) => [error.code, error.kind]);
        const [first] = await Promise.all([underWay, closing, invited.close()]);
        tell([first.status, late]);
      `),
    ).toEqual(['unknown_guild', ['STORE_UNAVAILABLE', 'down']]);
  });
});

describe('the jobs', () => {
  it('are left to others with jobs: false, who must be there', async () => {
    const own = await startLocalRedis([]);
    const client = new Redis(own.url);
    try {
      const program = (jobs: boolean, readyTimeoutMs: number) =>
        project.write(
          'jobs.mjs',
          `import { createEngine } from 'invited';
          const options = { redisUrl: process.env.REDIS_URL, readyTimeoutMs: ${readyTimeoutMs} };
          const opener = ${jobs} ? await createEngine({ ...options, jobs: true }) : null;
          const answer = await createEngine({ ...options, jobs: false }).then(
            async (invited) => { const { status } = await invited.read('x'); await invited.close(); return status; },
            (error) => error.message,
          );
          await opener?.close();
          console.log(JSON.stringify(answer));`,
        );
      const env = { REDIS_URL: own.url };
      await program(false, 300);
      expect(answerOf(await project.run(['jobs.mjs'], env))).toBe(
        'Redis is not ready after 300 ms (readyTimeoutMs): it is away, or nobody does its jobs (jobs: true here, or an `invited start`).',
      );
      expect(await client.keys('*')).toEqual([]);
      await program(true, 10_000);
      expect(answerOf(await project.run(['jobs.mjs'], env))).toBe('unknown');
    } finally {
      client.disconnect();
      await own.stop();
    }
  });
});

describe('createEngine', () => {
  it('says what is wrong with its options, in their words', async () => {
    const wrong: readonly (readonly [string, unknown])[] = [
      ['{}', 'createEngine: redisUrl must be given.'],
      ['{ redisUrl }', 'createEngine: jobs must be true or false.'],
      ['{ redisUrl, jobs: true, port: 1 }', 'createEngine: there is no option "port".'],
      [
        "{ redisUrl, jobs: false, postgresUrl: 'postgres://x' }",
        'createEngine: postgresUrl needs jobs: true; with false it belongs to whoever does them.',
      ],
      [
        "{ redisUrl, jobs: true, reservedVanity: ['a,b'] }",
        'createEngine: reservedVanity must not have commas in its parts.',
      ],
      [
        '{ redisUrl, jobs: true, codeLength: 3 }',
        'Wrong settings: codeLength must be a whole number from 6 to 10.',
      ],
      [
        "{ redisUrl: 'http://x', jobs: true }",
        expect.stringMatching(/^Wrong settings: redisUrl must start with redis:\/\//),
      ],
      ["{ redisUrl: 'redis://127.0.0.1:1', jobs: true }", "Redis can't be reached (redisUrl): ECONNREFUSED."],
    ];
    expect(await refusalsOf(wrong.map(([options]) => options))).toEqual(wrong.map(([, message]) => message));
  });

  it('refuses a Redis that evicts', async () => {
    const own = await startLocalRedis(['--maxmemory-policy', 'allkeys-lru']);
    try {
      expect(await refusalsOf(['{ redisUrl, jobs: true }'], own.url)).toEqual([
        expect.stringMatching(/would evict invites.*allowEviction=1/),
      ]);
    } finally {
      await own.stop();
    }
  });
});
