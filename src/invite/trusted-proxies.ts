// Which proxies are believed when they say whom they speak for: addresses, networks, and whoever comes by a Unix socket.

import ipaddr from 'ipaddr.js';
import { type Address, parseAddress } from './address.js';

/** An address and how many of its first bits count. */
type Network = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

export interface TrustedProxies {
  readonly networks: readonly Network[];
  /** Whoever reaches a Unix socket, where the rights on its file decide. */
  readonly unix: boolean;
}

export const NO_PROXIES: TrustedProxies = { networks: [], unix: false };

const UNIX = 'unix';
const V4_IN_V6_BITS = 96;

/** Reads `10.0.0.0/8`, `192.0.2.7`, `2001:db8::/32` and the word `unix`; null if any of them is none of these. */
export function parseTrustedProxies(parts: readonly string[]): TrustedProxies | null {
  const networks = parts.filter((part) => part !== UNIX).map(parseNetwork);
  const sound = networks.filter((network) => network !== null);
  return sound.length < networks.length ? null : { networks: sound, unix: parts.includes(UNIX) };
}

function parseNetwork(text: string): Network | null {
  const [addressText = '', bitsText, ...rest] = text.split('/');
  // ipaddr.js also reads short and octal forms and zones, of which nobody can tell what was meant.
  if (parseAddress(addressText) === null || rest.length > 0) return null;
  const address = ipaddr.parse(addressText);
  const bitsMax = address.kind() === 'ipv4' ? 32 : 128;
  if (bitsText !== undefined && !/^[0-9]{1,3}$/.test(bitsText)) return null;
  const bits = bitsText === undefined ? bitsMax : Number(bitsText);
  if (bits > bitsMax) return null;
  // Addresses of this kind are compared as the IPv4 that they are.
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= V4_IN_V6_BITS) {
    return [address.toIPv4Address(), bits - V4_IN_V6_BITS];
  }
  return [address, bits];
}

export function isTrustedProxy({ networks }: TrustedProxies, { text }: Address): boolean {
  if (networks.length === 0) return false;
  const address = ipaddr.parse(text);
  return networks.some(
    ([network, bits]) => network.kind() === address.kind() && address.match(network, bits),
  );
}

/** Is there a network that everybody is in? Then everybody may say which address he has. */
export function trustsEveryone({ networks }: TrustedProxies): boolean {
  return networks.some(([, bits]) => bits === 0);
}
