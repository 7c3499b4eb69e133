// An issuer of tokens: keys of the three algorithms, and a real HTTP server that gives out its key set, or whatever a test says.
// Tokens are made by hand, by the letter of RFC 7515, so that a library's own checks can't get in the way of a bad one.

import {
  createSign,
  type JsonWebKey as ExportedKey,
  generateKeyPairSync,
  type KeyObject,
  sign as signOnce,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JsonObject } from './client.js';

export type Algorithm = 'EdDSA' | 'ES256' | 'RS256';
export const ALGORITHMS: readonly Algorithm[] = ['EdDSA', 'ES256', 'RS256'];

export interface Key {
  readonly kid: string;
  readonly alg: Algorithm;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  /** As it stands in a key set. */
  readonly jwk: ExportedKey & { readonly kid: string };
}

export function makeKey(alg: Algorithm, kid: string, modulusLength = 2048): Key {
  const { publicKey, privateKey } =
    alg === 'EdDSA'
      ? generateKeyPairSync('ed25519')
      : alg === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength });
  return { kid, alg, publicKey, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } };
}

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** The signature over a text, as its algorithm has it in a token. */
export function signatureOf({ alg, privateKey }: Pick<Key, 'alg' | 'privateKey'>, text: string): Buffer {
  if (alg === 'EdDSA') return signOnce(null, Buffer.from(text), privateKey);
  const signing = createSign('sha256').update(text);
  return alg === 'ES256'
    ? signing.sign({ key: privateKey, dsaEncoding: 'ieee-p1363' })
    : signing.sign(privateKey);
}

/** A token of this key; `header` adds to what its header has, or replaces it. */
export function tokenOf(key: Key, claims: JsonObject, header: JsonObject = {}): string {
  const signed = `${encode({ alg: key.alg, kid: key.kid, ...header })}.${encode({ exp: inSeconds(600), ...claims })}`;
  return `${signed}.${signatureOf(key, signed).toString('base64url')}`;
}

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

export type AnswerKeys = (request: IncomingMessage, response: ServerResponse) => void;

export class Issuer {
  /** What its key set holds. */
  keys: readonly unknown[];
  /** Instead of the key set. */
  answer: AnswerKeys | null = null;
  /** How often it was asked. */
  asked = 0;
  readonly #server = createServer((request, response) => {
    this.asked += 1;
    if (this.answer !== null) this.answer(request, response);
    else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: this.keys }));
  });
  #port = 0;

  private constructor(keys: readonly unknown[]) {
    this.keys = keys;
  }

  static async start(keys: readonly unknown[]): Promise<Issuer> {
    const issuer = new Issuer(keys);
    await issuer.listen();
    return issuer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/keys?secret=canary`;
  }

  /** Again on the port that it had. */
  async listen(): Promise<void> {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
