// What the load asks for, in a form that every driver can turn into requests: a list of requests to go round in, in
// which `{user}` and `{token}` stand for one user after another.

import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of a request list. */
export interface RequestShape {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string;
  /** Who asks: nobody, a new user each time, or this user. */
  readonly user: 'nobody' | 'next' | { readonly id: string };
}

export interface Traffic {
  readonly requests: readonly RequestShape[];
  /** How callers say who they are. */
  readonly auth: 'gateway' | 'token';
  /** Users to go round in; null: each is new. */
  readonly members: number | null;
}

export interface LoadTarget {
  readonly host: string;
  readonly port: number;
  readonly gatewayKey: string;
  readonly jwtSecret: string;
}

export interface LoadOptions {
  readonly seconds: number;
  readonly connections: number;
  /** The number of this run: users of no two runs are the same, unless the traffic has members. */
  readonly run: number;
  readonly folder: string;
}

/** As the driver saw it. */
export interface LoadResult {
  readonly seconds: number;
  readonly answers: number;
  /** Answers of 400 and above. */
  readonly refusals: number;
  /** Connections that failed, and requests without an answer in time. */
  readonly failures: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number };
}

const USERS_FROM = 2_000_000_000_000_000n;
const USERS_A_RUN = 10_000_000n;
const CLIENT_IP = '203.0.113.7';
const TOKEN_TTL_S = 3600;
/** Tokens made for one run: more than it can use. */
const TOKENS_A_SECOND = 90_000;

/** The first user of a run; the others follow by counting up. */
export function firstUser(traffic: Traffic, run: number): bigint {
  return USERS_FROM + (traffic.members === null ? BigInt(run) * USERS_A_RUN : 0n);
}

/** Everything of a request up to where its user's name stands, and behind that. */
export function frame(shape: RequestShape, traffic: Traffic, target: LoadTarget): readonly [string, string] {
  const start = `${shape.method} ${shape.path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\n`;
  const body =
    shape.body === '' ? '\r\n' : `Content-Length: ${Buffer.byteLength(shape.body)}\r\n\r\n${shape.body}`;
  if (shape.user === 'nobody') return [start, body];
  if (traffic.auth === 'token') {
    const head = `${start}Authorization: Bearer `;
    return shape.user === 'next'
      ? [head, `\r\n${body}`]
      : [`${head}${signToken(shape.user.id, target)}\r\n`, body];
  }
  const head = `${start}X-Invited-Gateway-Key: ${target.gatewayKey}\r\nX-Invited-Client-IP: ${CLIENT_IP}\r\nX-Invited-User: `;
  return shape.user === 'next' ? [head, `\r\n${body}`] : [`${head}${shape.user.id}\r\n`, body];
}

export function signToken(userId: string, target: LoadTarget): string {
  const exp = Math.floor(Date.now() / 1000) + TOKEN_TTL_S;
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: userId, exp })}`;
  return `${signed}.${createHmac('sha256', target.jwtSecret).update(signed).digest('base64url')}`;
}

/** Writes the tokens that a run may need, one a line; null where callers need none. */
export function writeTokens(traffic: Traffic, target: LoadTarget, options: LoadOptions): string | null {
  if (traffic.auth !== 'token') return null;
  const first = firstUser(traffic, options.run);
  const count = traffic.members ?? Math.ceil(options.seconds * TOKENS_A_SECOND);
  const lines = Array.from({ length: count }, (_, at) => signToken(String(first + BigInt(at)), target));
  const file = join(options.folder, 'tokens.txt');
  writeFileSync(file, lines.join('\n'));
  return file;
}
