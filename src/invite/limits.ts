// The numbers of the contract that several places need. Units are last in the names.

export const MAX_AGE_DEFAULT_S = 86_400;
export const MAX_AGE_LIMIT_S = 604_800;
export const MAX_USES_LIMIT = 100;
export const GUILD_MEMBERS_DEFAULT = 1_000_000;
export const GROUP_DM_RECIPIENTS_MAX = 50;
export const BODY_BYTES_MAX = 16 * 1024;
export const IMPORT_LINE_BYTES_MAX = 64 * 1024;
export const JSON_DEPTH_MAX = 64;
export const IMPORT_FAILURES_SHOWN_MAX = 100;
/** A category: the one channel type that nobody can be invited to. */
export const CHANNEL_TYPE_CATEGORY = 4;
