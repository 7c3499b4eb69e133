// Client addresses as bans see them: IPv4 exact, IPv6 by its /64, IPv4-mapped IPv6 as the IPv4 it is.

import ipaddr from 'ipaddr.js';

export interface Address {
  /** The address itself, in its canonical spelling. */
  readonly text: string;
  /** What a ban of it covers: the IPv4 address, or `prefix::/64`. */
  readonly banKey: string;
}

/** Four decimal parts, as everybody writes them; told apart first, since it is asked of nearly every accept. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}$/;

/** Reads one address; null for anything else (networks, zones, short IPv4 forms, ports). */
export function parseAddress(text: string): Address | null {
  // ipaddr.js also reads "127.1", octal and zone ids, which no gateway sends and no host means.
  if (text.length > 45 || text.includes('%')) return null;
  if (IPV4.test(text)) return { text, banKey: text };
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return null;
  const address = ipaddr.IPv6.parse(text);
  if (address.isIPv4MappedAddress()) {
    const v4 = address.toIPv4Address().toString();
    return { text: v4, banKey: v4 };
  }
  const prefix = address.parts.slice(0, 4).map((part) => part.toString(16));
  return { text: address.toRFC5952String(), banKey: `${prefix.join(':')}::/64` };
}
