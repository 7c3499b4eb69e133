// What each setting is for, for docs/configuration.md. Default and range come from the schema in config.ts; a setting without a
// description does not compile.

import type { environment } from './config.js';

/** The headings of the page, in their order. */
export const GROUPS = [
  'Listeners',
  'Callers',
  'Redis',
  'Postgres and the copy',
  'Events',
  'Webhooks',
  'Invites and share pages',
  'Processes and limits',
] as const;

export interface Description {
  readonly group: (typeof GROUPS)[number];
  /** Markdown, on one line. */
  readonly text: string;
  /** What it may be, where the schema doesn't say: neither a number with bounds nor one of several words. */
  readonly values?: string;
  /** What holds while it isn't set, where the schema has no default, or not the whole truth. */
  readonly unset?: string;
}

const PORT = 'a port from 0 (any free one) to 65535, or `unix:/path.sock`';
const BY_COMMAS = 'separated by commas';

export const SETTINGS: Readonly<Record<keyof typeof environment.entries, Description>> = {
  INVITED_HOST: {
    group: 'Listeners',
    text: 'Where the public listener listens.',
    values: 'an address of this machine, or a name of one',
  },
  INVITED_PORT: { group: 'Listeners', text: 'Port or socket of the public listener.', values: PORT },
  INVITED_ADMIN_HOST: {
    group: 'Listeners',
    text: 'Where the admin listener listens. Never expose it: `/metrics` is for anyone who reaches it.',
    values: 'an address of this machine, or a name of one',
  },
  INVITED_ADMIN_PORT: { group: 'Listeners', text: 'Port or socket of the admin listener.', values: PORT },
  INVITED_SOCKET_MODE: {
    group: 'Listeners',
    text: 'The rights of the file of a Unix socket: who may connect.',
    values: 'three octal digits, the first 6 or 7',
  },
  INVITED_TRUSTED_PROXIES: {
    group: 'Listeners',
    text: "Whose word for a client's address counts (`X-Forwarded-For`, `Forwarded`): the rightmost address that is none of these is the client's.",
    values: `up to 100 addresses and networks (\`10.0.0.0/8\`), ${BY_COMMAS}; \`unix\` is whoever comes by a Unix socket`,
    unset: 'nobody',
  },
  INVITED_RATE_LIMITS: {
    group: 'Listeners',
    text: 'Whether the public listener counts how often callers and addresses ask. `off` where the gateway does.',
  },
  INVITED_CORS_ORIGINS: {
    group: 'Listeners',
    text: 'Whose pages may read answers of the public listener, beside those of its own origin.',
    values: `up to 100 origins as browsers write them (\`https://app.example\`), ${BY_COMMAS}, or \`*\``,
    unset: 'no CORS headers',
  },
  INVITED_JWT_SECRET: {
    group: 'Callers',
    text: 'Signs and verifies tokens (HS256).',
    values: 'at least 32 bytes',
    unset:
      'made at the first start, and kept in the data folder; none where `INVITED_JWKS` and `INVITED_REDIS_URL` are set and `INVITED_DEMO` is off',
  },
  INVITED_JWKS: {
    group: 'Callers',
    text: 'The public keys of your issuer (JWK Set), for tokens signed by EdDSA, ES256 or RS256. A file is looked at every 5 s, a URL asked every 2 min.',
    values: 'the path of a file, or an http or https URL without a user or password in it',
    unset: 'HS256 alone',
  },
  INVITED_JWT_AUDIENCE: { group: 'Callers', text: 'Tokens must name it in `aud`.', values: 'a text' },
  INVITED_JWT_ISSUER: { group: 'Callers', text: 'Tokens must name it in `iss`.', values: 'a text' },
  INVITED_GATEWAY_KEYS: {
    group: 'Callers',
    text: 'Who sends one of them in `X-Invited-Gateway-Key` may say who calls. Several, so that they can be changed without an interruption.',
    values: `up to 16 keys, ${BY_COMMAS}; of 32 characters or more, or the log warns`,
    unset: 'no gateway is believed',
  },
  INVITED_REDIS_URL: {
    group: 'Redis',
    text: 'The Redis to use, 7.0 or later.',
    values: '`redis://`, `rediss://` (TLS) or `unix://` (a socket)',
    unset: 'the embedded one, in the data folder',
  },
  INVITED_REDIS_TIMEOUT_MS: {
    group: 'Redis',
    text: 'How long a command may take before the answer is 503.',
  },
  INVITED_ALLOW_EVICTION: {
    group: 'Redis',
    text: 'Serve on a Redis that evicts keys, and may lose invites. Without it the start on such a one is refused.',
  },
  INVITED_DURABILITY: {
    group: 'Redis',
    text: 'What an answer outlives. `cache`: nothing is written to a file; `everysec`: its file is synced each second; `always`: before each answer. With a Redis of yours the start fails if it keeps less.',
    unset: '`everysec` of the embedded one; with a Redis of yours whatever it has',
  },
  INVITED_DATA_DIR: {
    group: 'Redis',
    text: 'Where the embedded Redis and Postgres are, and the token secret. Only one server may use it.',
    values: 'a path; it is made if it is not there',
  },
  INVITED_POSTGRES: {
    group: 'Postgres and the copy',
    text: 'Whether there is a copy at all. `off`: what Redis loses is lost, and nobody can ask who came by which invite.',
  },
  INVITED_POSTGRES_URL: {
    group: 'Postgres and the copy',
    text: 'The Postgres to use, 14 or later. Servers that share a Redis must share a Postgres too.',
    values: '`postgres://` or `postgresql://`',
    unset: 'the embedded one, in the data folder',
  },
  INVITED_SNAPSHOT_INTERVAL_MS: {
    group: 'Postgres and the copy',
    text: 'How often what changed is copied, where the copy is not behind.',
  },
  INVITED_SNAPSHOT_BATCH: {
    group: 'Postgres and the copy',
    text: 'Rows aimed at in one transaction.',
  },
  INVITED_STREAM_MAX: {
    group: 'Postgres and the copy',
    text: 'Entries that may wait for Postgres (one for all joins of a batch). At half of it the log warns; at it changes get 503, and reads go on.',
  },
  INVITED_EVENTS_RETENTION_MS: {
    group: 'Events',
    text: 'How long events stay for readers after Postgres has them; for named readers until they have them.',
  },
  INVITED_EVENTS_READER_TIMEOUT_MS: {
    group: 'Events',
    text: 'How long a reader of a stream or socket may take nothing before he is cut.',
  },
  INVITED_WEBHOOK_URLS: {
    group: 'Webhooks',
    text: 'Where events are sent.',
    values: `up to 16 http or https URLs without a user or password in them, ${BY_COMMAS} (a comma of its own is \`%2C\`)`,
    unset: 'nothing is sent',
  },
  INVITED_WEBHOOK_SECRET: {
    group: 'Webhooks',
    text: 'Signs what is sent; must be set where there are URLs.',
    values: '`whsec_` and 16 to 64 random bytes in base64',
  },
  INVITED_WEBHOOK_ATTEMPTS: {
    group: 'Webhooks',
    text: 'How often an event is sent before it is a dead letter.',
  },
  INVITED_WEBHOOK_TIMEOUT_MS: { group: 'Webhooks', text: 'How long an answer may take.' },
  INVITED_CODE_LENGTH: { group: 'Invites and share pages', text: 'Characters of a generated code.' },
  INVITED_MAX_INVITES_PER_GUILD: {
    group: 'Invites and share pages',
    text: 'Live invites of a guild, exact under concurrency.',
  },
  INVITED_RESERVED_VANITY: {
    group: 'Invites and share pages',
    text: 'Words that are no vanity codes, beside those that always are none.',
    values: `words, ${BY_COMMAS}`,
  },
  INVITED_PUBLIC_URL: {
    group: 'Invites and share pages',
    text: 'Base of share links, for `og:url` of the page.',
    values: 'an http or https URL',
  },
  INVITED_ICON_URL: {
    group: 'Invites and share pages',
    text: "Template for the page's image.",
    values: 'an http or https URL with a fixed host, with `{guild_id}` and `{icon_hash}` in it',
    unset: 'initials',
  },
  INVITED_DRAIN_DELAY_MS: {
    group: 'Processes and limits',
    text: 'How long a server that is told to end serves on, after `/readyz` has turned 503; for a load balancer to notice.',
  },
  INVITED_WORKERS: {
    group: 'Processes and limits',
    text: 'HTTP processes on the same two ports; one that dies is started again. Must be 1 where a listener is a Unix socket.',
  },
  INVITED_MAX_IN_FLIGHT: {
    group: 'Processes and limits',
    text: 'Requests under way in one listener of a process; more get 503.',
  },
  INVITED_MAX_WAITING: {
    group: 'Processes and limits',
    text: 'Accepts, and likewise reads, that may wait for Redis in one process; more get 503.',
  },
  INVITED_DEMO: {
    group: 'Processes and limits',
    text: 'Loads the demo guild once.',
    unset: '`0`; with `npm start` `1`',
  },
  INVITED_LOG_LEVEL: {
    group: 'Processes and limits',
    text: 'From which level on the log tells: JSON lines on stderr.',
  },
};
