// What is measured: which world, which requests, and what must have happened afterwards.

import type { World } from './contender.js';
import type { RequestShape, Traffic } from './load/traffic.js';
import { makeWorld, type WorldSize, zipfPicks } from './world.js';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly size: WorldSize;
  readonly requests: (world: World) => readonly RequestShape[];
  readonly auth?: Traffic['auth'];
  /** Users to go round in; left out: each is new. */
  readonly members?: number;
  readonly fsync?: 'off' | 'everysec' | 'always';
  /** Measured against the peers as well. */
  readonly withPeers?: boolean;
  /** What the answers and the stores must agree on: every 2xx a join, no join at all, or only the sum in the store. */
  readonly sum: 'every answer joins' | 'no answer joins' | 'some join';
}

const HOT: WorldSize = { guilds: 1, invites: 1 };
const MANY: WorldSize = { guilds: 1000, invites: 10_000 };
const PICKS = 65_536;

const accept = (code: string): RequestShape => ({
  method: 'POST',
  path: `/api/v1/invites/${code}`,
  body: '',
  user: 'next',
});
const read = (code: string): RequestShape => ({
  method: 'GET',
  path: `/api/v1/invites/${code}`,
  body: '',
  user: 'nobody',
});
const create = (channelId: string, userId: string): RequestShape => ({
  method: 'POST',
  path: `/api/v1/channels/${channelId}/invites`,
  body: '{"max_age":0}',
  user: { id: userId },
});

const each = (world: World, shape: (code: string) => RequestShape) =>
  world.invites.map(({ code }) => shape(code));
const zipf = (world: World, shape: (code: string) => RequestShape) =>
  zipfPicks(world.invites.length, PICKS).map((at) => shape(world.invites[at]?.code ?? ''));
const creates = (world: World) => world.guilds.map(({ channelId, ownerId }) => create(channelId, ownerId));

export const scenarios: readonly Scenario[] = [
  {
    name: 'accept-hot',
    title: 'every request a new user on one unlimited invite',
    size: HOT,
    requests: (world) => each(world, accept),
    withPeers: true,
    sum: 'every answer joins',
  },
  {
    name: 'accept-hot-always',
    title: 'the same, each answer on disk first (appendfsync always)',
    size: HOT,
    requests: (world) => each(world, accept),
    fsync: 'always',
    sum: 'every answer joins',
  },
  {
    name: 'accept-hot-cache',
    title: 'the same, without an append-only file',
    size: HOT,
    requests: (world) => each(world, accept),
    fsync: 'off',
    sum: 'every answer joins',
  },
  {
    name: 'accept-hot-token',
    title: 'the same, each user with an HS256 token of his own',
    size: HOT,
    requests: (world) => each(world, accept),
    auth: 'token',
    sum: 'every answer joins',
  },
  {
    name: 'accept-many',
    title: 'new users on 10,000 invites of 1,000 guilds, Zipf-distributed',
    size: MANY,
    requests: (world) => zipf(world, accept),
    sum: 'every answer joins',
  },
  {
    name: 'accept-capped',
    title: 'new users on 2,000 invites with caps of 1–100, most refused',
    size: { guilds: 200, invites: 2000, maxUses: (at) => 1 + (at % 100) },
    requests: (world) => each(world, accept),
    sum: 'every answer joins',
  },
  {
    name: 'accept-again',
    title: '5,000 users who are in already',
    size: HOT,
    requests: (world) => each(world, accept),
    members: 5000,
    sum: 'no answer joins',
  },
  {
    name: 'read-hot',
    title: 'everyone reads one invite',
    size: HOT,
    requests: (world) => each(world, read),
    withPeers: true,
    sum: 'no answer joins',
  },
  {
    name: 'read-many',
    title: 'reads of 10,000 invites of 1,000 guilds, Zipf-distributed',
    size: MANY,
    requests: (world) => zipf(world, read),
    sum: 'no answer joins',
  },
  {
    name: 'read-miss',
    title: 'reads of codes that nobody made',
    size: HOT,
    // A code is never all capitals and zeros here, and differs from its lower case, which is looked up as well.
    requests: () => Array.from({ length: 5000 }, (_, at) => read(`XX${String(at).padStart(6, '0')}`)),
    sum: 'no answer joins',
  },
  {
    name: 'create',
    title: 'owners of 1,000 guilds create invites',
    size: { guilds: 1000, invites: 1 },
    requests: creates,
    sum: 'no answer joins',
  },
  {
    name: 'mixed',
    title: '80 % read, 15 % accept, 5 % create, on 10,000 invites of 1,000 guilds',
    size: MANY,
    requests: (world) => mix(world),
    sum: 'some join',
  },
];

function mix(world: World): readonly RequestShape[] {
  const making = creates(world);
  return zipf(world, read).map((reading, at) => {
    const kind = at % 20;
    if (kind < 16) return reading;
    if (kind < 19) return { ...reading, method: 'POST', user: 'next' };
    return making[at % making.length] ?? reading;
  });
}

export function worldOf(scenario: Scenario): World {
  return makeWorld(scenario.size);
}

export function trafficOf(scenario: Scenario, world: World): Traffic {
  return {
    requests: scenario.requests(world),
    auth: scenario.auth ?? 'gateway',
    members: scenario.members ?? null,
  };
}
