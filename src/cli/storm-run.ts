// The storm itself: makes a guild with one capped invite, lets all users accept it at once, then asks the
// server what it holds. Speaks HTTP alone, as a stranger would; must never look into the store.

import { randomInt } from 'node:crypto';
import * as v from 'valibot';
import {
  createKeepAliveClient,
  type HttpAnswer,
  type HttpCall,
  type KeepAliveClient,
} from './keep-alive-client.js';
import { signToken } from './sign-token.js';
import { type Aftermath, type StormSize, Tally, type Told } from './storm-tally.js';

const TOKEN_SECONDS = 3600;

export interface StormTarget {
  readonly url: string;
  readonly adminUrl: string;
  readonly secret: string;
  readonly audience?: string;
  readonly issuer?: string;
}

export interface Storm extends StormSize {
  readonly connections: number;
}

export interface StormResult {
  readonly tally: Tally;
  readonly after: Aftermath;
  readonly acceptsPerSecond: number;
}

/** The server could not be brought to the state that a storm needs. */
export class StormFailed extends Error {}

/** @throws StormFailed */
export async function runStorm(target: StormTarget, storm: Storm): Promise<StormResult> {
  const sign = (sub: string, role: 'user' | 'service') =>
    signToken(target.secret, {
      sub,
      role,
      ttlSeconds: TOKEN_SECONDS,
      ...(target.audience === undefined ? {} : { audience: target.audience }),
      ...(target.issuer === undefined ? {} : { issuer: target.issuer }),
    });
  const userIds = distinctIds(storm.users);
  const tokens: string[] = [];
  for (const id of userIds) tokens.push(await sign(id, 'user'));
  const service = await sign(randomId(), 'service');
  const client = createKeepAliveClient(storm.connections);
  try {
    const { guildId, code } = await prepare(client, target, service, storm.cap);
    const inviteUrl = `${target.url}/api/v1/invites/${code}`;
    const tally = new Tally(storm.users);

    const startedAt = performance.now();
    await inParallel(shuffledTries(storm), storm.connections, async (user) => {
      const answer = await client.call({ method: 'POST', url: inviteUrl, token: tokens[user] ?? '' });
      tally.count(user, toldBy(answer));
    });
    const seconds = (performance.now() - startedAt) / 1000;

    let joined = 0;
    await inParallel(Uint32Array.from(userIds.keys()), storm.connections, async (user) => {
      const url = `${target.adminUrl}/internal/v1/guilds/${guildId}/members/${userIds[user]}`;
      const answer = await client.call({ method: 'GET', url, token: service });
      if (answer.kind === 'answer' && answer.status === 200) joined += 1;
      else if (!isStatus(answer, 404)) tally.countTrouble(`asked for a member: ${nameOf(answer)}`);
    });
    const uses = await usesOf(client, { method: 'GET', url: inviteUrl, token: service }, storm.cap);
    return {
      tally,
      after: { uses, joined },
      acceptsPerSecond: Math.round((storm.users * storm.repeat) / seconds),
    };
  } finally {
    client.close();
  }
}

const created = v.object({ code: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{2,64}$/)) });

async function prepare(
  client: KeepAliveClient,
  target: StormTarget,
  token: string,
  cap: number,
): Promise<{ readonly guildId: string; readonly code: string }> {
  const [guildId = '', channelId = '', ownerId = ''] = distinctIds(3);
  const guildUrl = `${target.adminUrl}/internal/v1/guilds/${guildId}`;
  const guild = { name: 'Storm', owner_id: ownerId };
  await expectOk(client, { method: 'PUT', url: guildUrl, token, body: guild });
  const channel = { name: 'storm', type: 0 };
  await expectOk(client, { method: 'PUT', url: `${guildUrl}/channels/${channelId}`, token, body: channel });
  const text = await expectOk(client, {
    method: 'POST',
    url: `${target.url}/api/v1/channels/${channelId}/invites`,
    token,
    body: { max_age: 0, max_uses: cap },
  });
  const invite = v.safeParse(v.pipe(v.string(), v.parseJson(), created), text);
  if (!invite.success) throw new StormFailed('The answer to creating an invite has no code.');
  return { guildId, code: invite.output.code };
}

async function expectOk(client: KeepAliveClient, call: HttpCall): Promise<string> {
  const answer = await client.call(call);
  if (answer.kind === 'answer' && answer.status === 200) return answer.text;
  throw new StormFailed(`${call.method} ${call.url}: ${nameOf(answer)}.`);
}

const counted = v.pipe(v.string(), v.parseJson(), v.object({ uses: v.pipe(v.number(), v.integer()) }));

async function usesOf(client: KeepAliveClient, call: HttpCall, cap: number): Promise<number> {
  const answer = await client.call(call);
  // Nothing but its last use ends this invite, so when it is gone it has been used up.
  if (isStatus(answer, 404)) return cap;
  const invite = v.safeParse(counted, answer.kind === 'answer' && answer.status === 200 ? answer.text : '');
  if (invite.success) return invite.output.uses;
  throw new StormFailed(`The uses of the invite can't be read: ${nameOf(answer)}.`);
}

const accepted = v.pipe(v.string(), v.parseJson(), v.object({ new_member: v.boolean() }));

function toldBy(answer: HttpAnswer): Told {
  if (isStatus(answer, 404)) return 'refused';
  if (isStatus(answer, 200) && answer.kind === 'answer') {
    const body = v.safeParse(accepted, answer.text);
    if (body.success) return body.output.new_member ? 'accepted' : 'already';
    return { trouble: 'accepted without new_member' };
  }
  return { trouble: nameOf(answer) };
}

function isStatus(answer: HttpAnswer, status: number): boolean {
  return answer.kind === 'answer' && answer.status === status;
}

const coded = v.pipe(v.string(), v.parseJson(), v.object({ code: v.string() }));

function nameOf(answer: HttpAnswer): string {
  if (answer.kind === 'failed') return `broken connection (${answer.why})`;
  const body = v.safeParse(coded, answer.text);
  return body.success ? `${answer.status} ${body.output.code.slice(0, 64)}` : `${answer.status}`;
}

/** Each user's index `repeat` times, in random order. */
function shuffledTries(size: StormSize): Uint32Array {
  const tries = Uint32Array.from({ length: size.users * size.repeat }, (_, index) => index % size.users);
  for (let last = tries.length - 1; last > 0; last -= 1) {
    const other = Math.floor(Math.random() * (last + 1));
    const kept = tries[last] ?? 0;
    tries[last] = tries[other] ?? 0;
    tries[other] = kept;
  }
  return tries;
}

/** Works through `items` with `width` of them under way at once. */
async function inParallel(
  items: Uint32Array,
  width: number,
  work: (item: number) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Ids that no other storm has used, in all likelihood: 18 digits, of which 17 are random. */
function randomId(): string {
  const half = () => String(randomInt(10 ** 8)).padStart(8, '0');
  return `${randomInt(1, 10)}${randomInt(10)}${half()}${half()}`;
}

function distinctIds(count: number): readonly string[] {
  const ids = new Set<string>();
  while (ids.size < count) ids.add(randomId());
  return [...ids];
}
