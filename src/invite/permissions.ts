// Permission bit fields. The wire carries decimal strings of up to 64 bits; the scripts work on the five bits
// that invites know, which fit Lua's numbers. Who has which bit is resolved in the scripts (lua/lib/permissions.lua).

export const CREATE_INSTANT_INVITE = 1 << 0;
export const ADMINISTRATOR = 1 << 3;
export const MANAGE_CHANNELS = 1 << 4;
export const MANAGE_GUILD = 1 << 5;
export const VIEW_CHANNEL = 1 << 10;

const KNOWN = CREATE_INSTANT_INVITE | ADMINISTRATOR | MANAGE_CHANNELS | MANAGE_GUILD | VIEW_CHANNEL;

/** What @everyone may do in a guild that doesn't say. */
export const EVERYONE_DEFAULT = CREATE_INSTANT_INVITE | VIEW_CHANNEL;

const LARGEST = (1n << 64n) - 1n;

export function isPermissions(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9]{1,20}$/.test(text) && BigInt(text) <= LARGEST;
}

/** The bits that invites know, of a decimal bit field that `isPermissions` has accepted. */
export function knownBits(permissions: string): number {
  return Number(BigInt(permissions) & BigInt(KNOWN));
}
