// Where a request comes from, as far as it can be believed: what the gateway tells, else what trusted proxies tell, else the other end
// of the connection. Who is not trusted says nothing, and what can't be read is refused: passed over in silence it would lift every
// address ban.

import { type Address, parseAddress } from '../invite/address.js';
import { isTrustedProxy, type TrustedProxies } from '../invite/trusted-proxies.js';
import { fieldError } from './field-errors.js';
import { type Chain, forwardedChain, parseNode, xForwardedForChain } from './forwarded.js';
import { InvalidFields } from './problem.js';
import type { Request } from './request.js';

/** What is known of the connection; to be asked in the turn in which the request came. */
interface Connection {
  readonly request: Request;
  /** Those of the listener by which it came. */
  readonly trustedProxies: TrustedProxies;
  /** The other end; '' if it is unknown, or a Unix socket. */
  peerAddress(): string;
}

/**
 * @param told by a gateway with a valid key; goes before everything else
 * @returns null where nobody can know it (a Unix socket)
 * @throws InvalidFields where those who are believed say what can't be
 */
export function clientAddress(incoming: Connection, told: string | null): Address | null {
  if (told !== null) {
    const address = parseAddress(told);
    if (address === null) throw new InvalidFields([fieldError('X-Invited-Client-IP', 'INVALID_ADDRESS')]);
    return address;
  }
  const { request, trustedProxies } = incoming;
  const peer = parseAddress(incoming.peerAddress());
  const isTrusted = peer === null ? trustedProxies.unix : isTrustedProxy(trustedProxies, peer);
  return isTrusted ? forwardedAddress(request, peer, trustedProxies) : peer;
}

function forwardedAddress(
  { headers }: Request,
  peer: Address | null,
  proxies: TrustedProxies,
): Address | null {
  const { forwarded, xForwardedFor } = headers;
  const chain = forwarded === undefined ? [] : forwardedChain(forwarded);
  const xChain = xForwardedFor === undefined ? [] : xForwardedForChain(xForwardedFor);
  if (chain?.length === 0) return walk(xChain, 'X-Forwarded-For', peer, proxies);
  const address = walk(chain, 'Forwarded', peer, proxies);
  if (xChain.length === 0) return address;
  // A proxy that writes one of them may hand on the other as the client sent it, and which one he writes nobody here knows.
  if (walk(xChain, 'X-Forwarded-For', peer, proxies)?.text !== address?.text) {
    throw new InvalidFields([fieldError('Forwarded', 'INVALID_VALUE')]);
  }
  return address;
}

/** From the nearest to the farthest, for as long as it is trusted who says so; the first who isn't is the client. */
function walk(chain: Chain, header: string, peer: Address | null, proxies: TrustedProxies): Address | null {
  const refuse = () => new InvalidFields([fieldError(header, 'INVALID_ADDRESS')]);
  if (chain === null) throw refuse();
  let nearest = peer;
  for (let at = chain.length - 1; at >= 0; at -= 1) {
    const node = parseNode(chain[at] ?? '');
    if (node === null) throw refuse();
    // Behind this proxy nothing is known: then it is he whom we know.
    if (node === 'hidden') return nearest;
    if (!isTrustedProxy(proxies, node)) return node;
    nearest = node;
  }
  return nearest;
}
