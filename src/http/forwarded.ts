// What proxies write of whom they speak for: `X-Forwarded-For`, and `Forwarded` (RFC 7239). Only reads; whom to believe is
// client-address.ts's.

import { parse } from 'forwarded-parse';
import { type Address, parseAddress } from '../invite/address.js';

/** One node after the other, each as it stands there; the nearest is the last. null: it can't be read. */
export type Chain = readonly string[] | null;

/** What a proxy may write that doesn't tell, or hides, where a request comes from (RFC 7239, 6.2 and 6.3). */
const UNKNOWN = 'unknown';
const HIDDEN = /^(?:unknown|_[A-Za-z0-9._-]+)(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?$/i;
/** An IPv4 address, or an IPv6 address in brackets, and a port that doesn't matter. */
const WITH_PORT = /^(?:\[([^[\]]+)\]|([0-9.]+))(?::(?:[0-9]{1,5}|_[A-Za-z0-9._-]+))?$/;

/** Empty elements of the list count for nothing (RFC 9110, 5.6.1). */
export function xForwardedForChain(text: string): readonly string[] {
  return text
    .split(',')
    .map((node) => node.trim())
    .filter((node) => node !== '');
}

/** `[]`: it says nothing of whom it speaks for, only of other things. A proxy that does so beside others who do say it hides him. */
export function forwardedChain(text: string): Chain {
  try {
    const nodes = parse(text.trim()).map((element) => element['for']);
    return nodes.every((node) => node === undefined) ? [] : nodes.map((node) => node ?? UNKNOWN);
  } catch {
    return null;
  }
}

/** `hidden`: the proxy doesn't say; null: it is none of the forms there are. */
export function parseNode(text: string): Address | 'hidden' | null {
  if (HIDDEN.test(text)) return 'hidden';
  const [, bracketed, v4] = WITH_PORT.exec(text) ?? [];
  // Brackets are IPv6's.
  if (bracketed !== undefined && !bracketed.includes(':')) return null;
  return parseAddress(bracketed ?? v4 ?? text);
}
