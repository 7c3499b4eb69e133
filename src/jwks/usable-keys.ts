// From the text of a JWK Set (RFC 7517) to the keys in it that may check a token: public ones, of the three algorithms, large enough,
// meant for signatures, each with a name of its own. A key that is none of our business, or that is wrong, never spoils the others.

import { calculateJwkThumbprint, importJWK, type JSONWebKeySet, type JWK } from 'jose';
import { KeysUnavailable } from './unavailable.js';

/** The algorithms of the contract; jose is told them too, so that no other is ever tried. */
export const ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

/** A key that somebody should look at. */
export interface IgnoredKey {
  /** Its name, or its place in the set where it has none: `#0`. */
  readonly key: string;
  readonly reason: string;
}

export interface UsableKeys {
  readonly set: JSONWebKeySet;
  readonly ignored: readonly IgnoredKey[];
}

const KEYS_MAX = 100;
const RSA_BITS_MIN = 2048;
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv'];
const KID_SHOWN_MAX = 64;

type Judged =
  | { readonly kind: 'usable'; readonly jwk: JWK; readonly thumbprint: string }
  | { readonly kind: 'ignored'; readonly reason: string }
  /** For encryption, or of an algorithm that is not ours: normal in a set that others use too. */
  | { readonly kind: 'for_others' };

/** @throws KeysUnavailable when it is no JWK Set */
export async function readKeySet(text: string): Promise<UsableKeys> {
  const members = membersOf(text);
  const judged = await Promise.all(members.map(judge));
  const ignored: IgnoredKey[] = [];
  const byName = new Map<string, { readonly at: number; readonly thumbprint: string; readonly jwk: JWK }[]>();
  judged.forEach((one, at) => {
    if (one.kind === 'ignored') ignored.push({ key: nameOf(members[at], at), reason: one.reason });
    if (one.kind !== 'usable') return;
    const name = `${one.jwk.alg} ${one.jwk.kid === undefined ? `#${at}` : JSON.stringify(one.jwk.kid)}`;
    const namesakes = byName.get(name) ?? [];
    byName.set(name, namesakes);
    // The same key twice is as good as once.
    if (!namesakes.some(({ thumbprint }) => thumbprint === one.thumbprint)) namesakes.push({ ...one, at });
  });
  const keys: JWK[] = [];
  for (const namesakes of byName.values()) {
    const [only] = namesakes;
    if (namesakes.length === 1 && only !== undefined) {
      keys.push(only.jwk);
      continue;
    }
    for (const { at } of namesakes) {
      ignored.push({ key: nameOf(members[at], at), reason: 'shares its kid with another key' });
    }
  }
  return { set: { keys }, ignored };
}

function membersOf(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new KeysUnavailable('it is not JSON');
  }
  const keys = isObject(value) ? value['keys'] : undefined;
  if (!Array.isArray(keys)) throw new KeysUnavailable('it is no JWK Set: it has no list "keys"');
  if (keys.length > KEYS_MAX) throw new KeysUnavailable(`it has more than ${KEYS_MAX} keys`);
  return keys;
}

async function judge(member: unknown): Promise<Judged> {
  if (!isObject(member)) return { kind: 'ignored', reason: 'is no JSON object' };
  if (member['kty'] === 'oct') return { kind: 'ignored', reason: 'is a shared secret' };
  if (PRIVATE_MEMBERS.some((name) => member[name] !== undefined)) {
    return { kind: 'ignored', reason: 'is a private key: whoever can read the set can sign with it' };
  }
  const alg = algorithmOf(member);
  if (alg === null || !isForSignatures(member, alg)) return { kind: 'for_others' };
  const { kid } = member;
  if (kid !== undefined && typeof kid !== 'string')
    return { kind: 'ignored', reason: 'has a kid that is no text' };
  // No more of it than makes the key, so that nothing else in it can matter.
  const { kty, crv, x, y, n, e } = member;
  const jwk = { ...defined({ kty, crv, x, y, n, e, kid }), alg } as JWK;
  try {
    const key = await importJWK(jwk, alg);
    if (alg === 'RS256' && !(modulusBits(key) >= RSA_BITS_MIN)) {
      return { kind: 'ignored', reason: `is an RSA key under ${RSA_BITS_MIN} bits` };
    }
    return { kind: 'usable', jwk, thumbprint: await calculateJwkThumbprint(jwk) };
  } catch {
    return { kind: 'ignored', reason: 'is malformed' };
  }
}

function algorithmOf({ kty, crv }: Readonly<Record<string, unknown>>): Algorithm | null {
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA';
  if (kty === 'EC' && crv === 'P-256') return 'ES256';
  return kty === 'RSA' ? 'RS256' : null;
}

/** What a key says of its own use binds (RFC 7517, 4.2–4.4). */
function isForSignatures({ use, key_ops, alg }: Readonly<Record<string, unknown>>, ours: Algorithm): boolean {
  if (use !== undefined && use !== 'sig') return false;
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes('verify'))) return false;
  return alg === undefined || alg === ours;
}

function modulusBits(key: Awaited<ReturnType<typeof importJWK>>): number {
  if (key instanceof Uint8Array) return 0;
  const { algorithm } = key as { readonly algorithm: { readonly modulusLength?: number } };
  return algorithm.modulusLength ?? 0;
}

function nameOf(member: unknown, at: number): string {
  const kid = isObject(member) ? member['kid'] : undefined;
  return typeof kid === 'string' ? kid.slice(0, KID_SHOWN_MAX) : `#${at}`;
}

function defined(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
