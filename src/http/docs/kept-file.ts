// Something that is the same for everyone and for long, as it is sent: its bytes, plain and compressed, made once and kept.

import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isKnown } from '../etags.js';
import { acceptsGzip } from '../negotiate.js';
import { type Header, keptReply, notModifiedKept, type Reply } from '../reply.js';
import type { Headers } from '../request.js';

const compress = promisify(gzip);

export interface KeptFile {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Another one whenever the bytes are others. */
  readonly digest: string;
  readonly gzipped: Uint8Array;
}

export async function keep(type: string, bytes: Uint8Array): Promise<KeptFile> {
  return { type, bytes, digest: digestOf(bytes), gzipped: await compress(bytes) };
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 16);
}

/** How long whoever was given it may keep it: he asks each time whether it is still so, or never again. */
export type Freshness = 'no-cache' | 'public, max-age=31536000, immutable';

const VARY: Header = ['Vary', 'Accept-Encoding'];
const GZIP: Header = ['Content-Encoding', 'gzip'];

export function keptFileReply(
  { type, bytes, digest, gzipped }: KeptFile,
  freshness: Freshness,
  requested: Readonly<Headers>,
  more: readonly Header[] = [],
): Reply {
  const isZipped = acceptsGzip(requested.acceptEncoding);
  // Other bytes under one URL are another thing to a cache (RFC 9110, section 8.8.3).
  const tag = isZipped ? `${digest}-gzip` : digest;
  const headers: readonly Header[] = [['ETag', `"${tag}"`], VARY, ...more];
  if (isKnown(requested, tag)) return notModifiedKept(freshness, headers);
  return keptReply(type, isZipped ? gzipped : bytes, freshness, isZipped ? [...headers, GZIP] : headers);
}
