// `npm run bench:micro`: what the pieces cost, one by one (tinybench): of the request's way in this process, and each
// script's round trip to a Redis of its own. Means of a second each; compare within one run only.

import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Bench } from 'tinybench';
import { startEmbeddedRedis } from '../src/embedded/redis.js';
import { createAuthenticator } from '../src/http/auth.js';
import { Headers, type Request } from '../src/http/request.js';
import { newRequestId } from '../src/http/request-id.js';
import { createTokenVerifier } from '../src/http/token.js';
import { parseAddress } from '../src/invite/address.js';
import { generateCode } from '../src/invite/code.js';
import type { Snowflake } from '../src/invite/id.js';
import { type InviteRevision, jsonText } from '../src/invite/invite.js';
import { ACCEPTED, inviteJson, METADATA, revisionJson } from '../src/invite/invite-json.js';
import { partitionOfCode, partitionOfId } from '../src/invite/partition.js';
import { Secret } from '../src/secret.js';
import { journalKey } from '../src/store/journals.js';
import { type Argument, createScripts } from '../src/store/scripts.js';
import { describeMachine } from './machine.js';

const TASK_MS = Number(process.argv[2] ?? 1000);
const SECRET = 'a secret for benches only, of 32 bytes or more';
const GATEWAY_KEY = 'a-gateway-key-for-benches-only-32';

if (!(TASK_MS >= 1 && TASK_MS <= 60_000)) {
  process.stderr.write('usage: npm run bench:micro -- [milliseconds for each piece, 1–60000]\n');
  process.exit(2);
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

await run('pieces', addPieces);
const folder = await mkdtemp(join(tmpdir(), 'invited-micro-'));
const embedded = await startEmbeddedRedis({ dataDir: folder, appendFsync: 'everysec' });
const redis = new Redis({ path: embedded.socketPath, protocol: 2 });
try {
  await run('scripts, one call after another', (bench) => addScripts(bench, redis));
} finally {
  redis.disconnect();
  await embedded.stop();
  await rm(folder, { recursive: true, force: true });
}
const machine = describeMachine('tinybench');
print(
  `\n${machine.cores} × ${machine.processor}, ${machine.system}, Node ${machine.node}, Redis ${machine.redis}`,
);

async function run(title: string, add: (bench: Bench) => void | Promise<void>): Promise<void> {
  const bench = new Bench({ time: TASK_MS, warmupTime: TASK_MS / 5 });
  await add(bench);
  await bench.run();
  print(`\n${title}`);
  for (const { name, result } of bench.tasks) {
    if (result.state === 'errored') throw result.error;
    if (!('latency' in result)) throw new Error(`${name} was not measured`);
    const micros = (ms: number) => (ms * 1000).toFixed(2).padStart(9);
    print(`  ${name.padEnd(34)} ${micros(result.latency.mean)} µs   p99 ${micros(result.latency.p99)} µs`);
  }
}

function addPieces(bench: Bench): void {
  const id = '987654321098765432';
  bench.add('generate a code', () => generateCode(77, 8));
  bench.add('partition of a code', () => partitionOfCode('abc123xyz'));
  bench.add('partition of an id', () => partitionOfId(id));
  bench.add('request id', () => newRequestId());
  bench.add('read an address', () => parseAddress('203.0.113.7'));

  const options = { jwtSecret: new Secret(SECRET), keySet: null, jwtAudience: null, jwtIssuer: null };
  const verify = createTokenVerifier(options);
  const tokens = Array.from({ length: 50_000 }, (_, at) => token(String(10 ** 15 + at)));
  const [known = ''] = tokens;
  let at = 0;
  bench.add('verify a token, each new', () => {
    // More tokens than are kept: each has been forgotten when it comes again.
    at = (at + 1) % tokens.length;
    return verify(tokens[at] ?? '');
  });
  bench.add('verify a token, the same', () => verify(known));
  const authenticator = createAuthenticator({ ...options, gatewayKeys: [new Secret(GATEWAY_KEY)] });
  const request = gatewayRequest(id);
  bench.add('gateway headers', () => authenticator.identify(request));

  const invite = { revision: revision(), uses: 42, memberCount: 12_450, presenceCount: 3890 };
  bench.add('answer: plain, kept', () => revisionJson(invite.revision, ACCEPTED));
  bench.add('answer: plain, new revision', () => revisionJson({ ...invite.revision }, ACCEPTED));
  bench.add('answer: metadata', () => inviteJson(invite, METADATA));
}

/** Every script, in an order in which each finds what it needs. */
async function addScripts(bench: Bench, connection: Redis): Promise<void> {
  const scripts = createScripts(connection, false);
  await scripts.load();
  await connection.set(journalKey(0, 'epoch'), 'bench');
  const guildId = '987654321098765432';
  const [ownerId, channelId, groupDmId] = ['1001', '1002', '1003'];
  const here = partitionOfId(guildId);
  const call = (name: string, args: readonly Argument[], partition = here) =>
    scripts.run(name, partition, args);
  const json = '{"id":"987654321098765432","name":"Fluxer Community","icon_hash":null}';
  let number = 10 ** 15;
  const next = (): string => {
    number += 1;
    return String(number);
  };
  const putGuild = () => call('guild-put', [guildId, ownerId, 2, 1_000_000, '', '', json, json]);
  const putChannel = () => call('channel-put', [guildId, channelId, '0 0', json, json]);
  const newCode = () => generateCode(here, 8);
  const create = (code: string) =>
    call('create', [code, guildId, channelId, ownerId, 0, '', 0, 0, 0, 1, 1_000_000, '', '']);
  const accept = (code: string, users: readonly string[]) =>
    call('accept', [2, code, '', '', users.join(' '), users.map(() => '-').join(' ')]);
  await putGuild();
  await putChannel();
  const putGroupDm = () =>
    call('group-dm-put', [groupDmId, ownerId, json, json, '', ownerId], partitionOfId(groupDmId));
  await putGroupDm();
  const code = newCode();
  await create(code);
  const readArguments = [2, code, '', '', ':0:', 1];
  const many = Array.from({ length: 100 }, () => readArguments).flat();

  const added = new Set<string>();
  const add = (name: string, what: string, task: () => Promise<unknown>): void => {
    added.add(name);
    bench.add(what === '' ? name : `${name}: ${what}`, async () => void (await task()));
  };
  add('read', '', () => call('read', readArguments));
  add('read', '100 at once', () => call('read', many));
  add('accept', '', () => accept(code, [next()]));
  add('accept', '100 at once', () => accept(code, Array.from({ length: 100 }, next)));
  add('accept', 'already in', () => accept(code, [ownerId]));
  const made: string[] = [];
  add('create', '', () => {
    const fresh = newCode();
    if (made.length < 900) made.push(fresh);
    return create(fresh);
  });
  const edited = newCode();
  await create(edited);
  let paused = 0;
  add('edit', '', () => {
    paused = 1 - paused;
    return call('edit', [edited, '', ownerId, 0, '', '*', '', '', '', paused]);
  });
  add('answer-keep', 'gone', () => call('answer-keep', ['digest', 'body', '{}']));
  add('revoke', '', () => call('revoke', [made.pop() ?? newCode(), '', ownerId, 0, '', '*']));
  add('list', 'a group DM', () =>
    call('list', ['', groupDmId, ownerId, 0, '', '', ''], partitionOfId(groupDmId)),
  );
  add('invite-put', '', () =>
    call('invite-put', [code, guildId, channelId, ownerId, '', 0, 0, 0, 0, 1_000_000, 0]),
  );
  add('sweep', 'nothing to do', () => call('sweep', [100]));
  add('guild-put', '', putGuild);
  add('guild-get', '', () => call('guild-get', [guildId]));
  add('channel-put', '', putChannel);
  add('channel-claim', '', () => call('channel-claim', [channelId, guildId, ''], partitionOfId(channelId)));
  add('channel-home', '', () => call('channel-home', [channelId], partitionOfId(channelId)));
  add('channel-release', '', () => call('channel-release', [channelId, guildId], partitionOfId(channelId)));
  add('part-get', '', () => call('part-get', [guildId, 'members', ownerId]));
  add('member-put', '', () => call('member-put', [guildId, '77', 'p']));
  add('member-delete', '', () => call('member-delete', [guildId, '77']));
  add('ban-put', '', () => call('ban-put', [guildId, 'bans', '78', '{}']));
  add('ban-delete', '', () => call('ban-delete', [guildId, 'bans', '78']));
  add('user-put', '', () => call('user-put', ['77', json], partitionOfId('77')));
  add('user-delete', '', () => call('user-delete', ['77'], partitionOfId('77')));
  add('disconnect', '', () => call('disconnect', ['77']));
  add('vanity-get', '', () => call('vanity-get', [guildId, ownerId, 0, '', '-', '*']));
  add('vanity-set', 'unchanged', () => call('vanity-set', [guildId, ownerId, 0, '', '', '', 0, '*']));
  const vanity = 'a-vanity';
  const there = partitionOfCode(vanity);
  add('pointer-claim', '', () => call('pointer-claim', [vanity, guildId, ''], there));
  add('pointer-check', '', () => call('pointer-check', [vanity, guildId]));
  add('pointer-release', 'kept', () => call('pointer-release', [vanity, guildId, '0'], there));
  add('group-dm-put', '', putGroupDm);
  add('group-dm-get', '', () => call('group-dm-get', [groupDmId], partitionOfId(groupDmId)));
  add('group-dm-delete', '', () => call('group-dm-delete', [groupDmId, ownerId], partitionOfId(groupDmId)));
  add('channel-delete', 'unknown', () => call('channel-delete', [guildId, '5', ownerId]));
  add('guild-delete', 'unknown', () => call('guild-delete', ['5', ownerId], partitionOfId('5')));
  const left = scripts.names.filter((name) => !added.has(name));
  if (left.length > 0) throw new Error(`not measured: ${left.join(', ')}`);
}

function token(sub: string): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub, exp: 4_000_000_000 })}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}

function gatewayRequest(userId: string): Request {
  const headers = new Headers();
  headers.gatewayKey = GATEWAY_KEY;
  headers.user = userId;
  headers.clientIp = '203.0.113.7';
  return { method: 'POST', path: '/api/v1/invites/abc123xyz', query: '', headers, repeatsFraming: false };
}

function revision(): InviteRevision {
  const guildId = '987654321098765432' as Snowflake;
  const channelId = '444555666777888999' as Snowflake;
  const inviterId = '123456789012345678' as Snowflake;
  return {
    kind: 'guild',
    code: 'abc123xyz',
    guildId,
    guildJson: jsonText({ id: guildId, name: 'Fluxer Community', icon_hash: 'a1b2', features: [] }),
    channelId,
    channelJson: jsonText({ id: channelId, name: 'general', type: 0 }),
    inviterId,
    inviterJson: jsonText({ id: inviterId, username: 'fluxeruser', discriminator: 1234, avatar_hash: null }),
    recipientNames: [],
    createdAtMs: 1_772_359_200_000,
    expiresAtMs: null,
    maxAgeS: 0,
    maxUses: 0,
    isTemporary: false,
    isPaused: false,
    isVanity: false,
    version: 1,
  };
}
