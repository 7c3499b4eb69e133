// Where a request comes from, as far as it can be believed.

import { type Address, parseAddress } from '../invite/address.js';
import { fieldError } from './field-errors.js';
import { InvalidFields } from './problem.js';

/** What is known of the connection; to be asked in the turn in which the request came. */
interface Connection {
  /** The other end; '' if it is unknown. */
  peerAddress(): string;
}

/** What the gateway tells counts, else the other end of the connection; null where there is none (a Unix socket). */
export function clientAddress(incoming: Connection, told: string | null): Address | null {
  if (told === null) return parseAddress(incoming.peerAddress());
  const address = parseAddress(told);
  // A list or a port that were passed over in silence would lift every address ban.
  if (address === null) throw new InvalidFields([fieldError('X-Invited-Client-IP', 'INVALID_ADDRESS')]);
  return address;
}
