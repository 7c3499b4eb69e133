// The shapes of all bodies. Messages are codes of field-errors.ts; unknown keys are dropped, `null` is the default.

import * as v from 'valibot';
import { isCode } from '../invite/code.js';
import { isSnowflake, type Snowflake } from '../invite/id.js';
import {
  GROUP_DM_RECIPIENTS_MAX,
  GUILD_MEMBERS_DEFAULT,
  MAX_AGE_DEFAULT_S,
  MAX_AGE_LIMIT_S,
  MAX_USES_LIMIT,
} from '../invite/limits.js';
import { EVERYONE_DEFAULT, isPermissions } from '../invite/permissions.js';
import type { FieldErrorCode } from './field-errors.js';

const code = <Code extends FieldErrorCode>(given: Code): Code => given;

const id = v.custom<Snowflake>(isSnowflake, code('INVALID_ID'));
const permissions = v.custom<string>(isPermissions, code('INVALID_PERMISSIONS'));
const flag = v.boolean(code('INVALID_TYPE'));
const text = v.string(code('INVALID_TYPE'));
const name = v.pipe(text, v.minLength(1, code('INVALID_VALUE')));

const int = (min: number, max: number) =>
  v.pipe(
    v.number(code('INVALID_TYPE')),
    v.safeInteger(code('INVALID_TYPE')),
    v.minValue(min, code('OUT_OF_RANGE')),
    v.maxValue(max, code('OUT_OF_RANGE')),
    // -0 is 0.
    v.transform((given) => given + 0),
  );

/** Ids without repeats, in the order of their first mention. */
const ids = v.pipe(
  v.array(id, code('INVALID_TYPE')),
  v.transform((given) => [...new Set(given)]),
);

const maxAge = v.nullish(int(0, MAX_AGE_LIMIT_S), MAX_AGE_DEFAULT_S);
const maxUses = v.nullish(int(0, MAX_USES_LIMIT), 0);
const temporary = v.nullish(flag, false);
const hash = v.nullish(text, null);
const reason = v.nullish(text, null);

export const createInviteBody = v.object(
  { max_age: maxAge, max_uses: maxUses, temporary, unique: v.nullish(flag, true) },
  code('INVALID_TYPE'),
);

/** Not null: it could be taken for the default, or for what it was. */
const told = <const Schema extends v.GenericSchema>(schema: Schema) =>
  v.optional(
    v.pipe(
      v.unknown(),
      v.check((given) => given !== null, code('INVALID_TYPE')),
      schema,
    ),
  );

export const editInviteBody = v.object(
  {
    max_age: told(int(0, MAX_AGE_LIMIT_S)),
    max_uses: told(int(0, MAX_USES_LIMIT)),
    temporary: told(flag),
    paused: told(flag),
  },
  code('INVALID_TYPE'),
);

/** The key must be there; null and "" remove the vanity. */
export const vanityBody = v.object({ code: v.nullable(text) }, code('INVALID_TYPE'));

export const guildBody = v.object(
  {
    name,
    owner_id: id,
    icon_hash: hash,
    banner_hash: hash,
    splash_hash: hash,
    features: v.nullish(v.array(text, code('INVALID_TYPE')), []),
    roles: v.nullish(
      v.array(
        v.object({ id, permissions: v.nullish(permissions) }, code('INVALID_TYPE')),
        code('INVALID_TYPE'),
      ),
      [],
    ),
    max_members: v.nullish(int(1, Number.MAX_SAFE_INTEGER), GUILD_MEMBERS_DEFAULT),
    member_count: v.nullish(int(0, Number.MAX_SAFE_INTEGER), null),
    presence_count: v.nullish(int(0, Number.MAX_SAFE_INTEGER), null),
  },
  code('INVALID_TYPE'),
);

/** A role's permissions where the host leaves them out. */
export function rolePermissions(guildId: Snowflake, roleId: Snowflake): string {
  return roleId === guildId ? String(EVERYONE_DEFAULT) : '0';
}

export const channelBody = v.object(
  {
    name,
    type: v.nullish(int(0, 255), 0),
    position: v.nullish(int(0, 2 ** 31 - 1), 0),
    permission_overwrites: v.nullish(
      v.array(
        v.object(
          {
            id,
            type: v.picklist([0, 1], code('INVALID_VALUE')),
            allow: v.nullish(permissions, '0'),
            deny: v.nullish(permissions, '0'),
          },
          code('INVALID_TYPE'),
        ),
        code('INVALID_TYPE'),
      ),
      [],
    ),
  },
  code('INVALID_TYPE'),
);

export const memberBody = v.object({ roles: v.nullish(ids, []), temporary }, code('INVALID_TYPE'));

export const banBody = v.object({ reason }, code('INVALID_TYPE'));

export const groupDmBody = v.pipe(
  v.object(
    {
      name: v.nullish(text, null),
      owner_id: id,
      recipients: v.pipe(ids, v.maxLength(GROUP_DM_RECIPIENTS_MAX, code('TOO_MANY'))),
    },
    code('INVALID_TYPE'),
  ),
  v.forward(
    v.check((groupDm) => groupDm.recipients.includes(groupDm.owner_id), code('OWNER_NOT_A_RECIPIENT')),
    ['recipients'],
  ),
);

export const userBody = v.object(
  { username: name, discriminator: v.nullish(int(0, 9999), 0), avatar_hash: hash },
  code('INVALID_TYPE'),
);

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** ISO 8601 with a time zone, as ms since the epoch. */
const time = v.pipe(
  text,
  v.regex(TIME, code('INVALID_VALUE')),
  v.transform((given) => Date.parse(given)),
  v.check((ms) => Number.isSafeInteger(ms) && ms >= 0, code('INVALID_VALUE')),
);

/** The lines of an import (contract §7, Directory): the bodies above with the ids that a path would hold. */
export const importIds = {
  guild: v.object({ id }),
  channel: v.object({ guild_id: id, id }),
  member: v.object({ guild_id: id, user_id: id }),
  ban: v.object({ guild_id: id, user_id: id }),
  ip_ban: v.object({ guild_id: id, address: text }),
  group_dm: v.object({ id }),
  user: v.object({ id }),
} as const;

export const importInvite = v.object({
  code: v.pipe(text, v.check(isCode, code('INVALID_VALUE'))),
  channel_id: id,
  inviter_id: v.nullish(id, null),
  created_at: v.nullish(time, null),
  max_age: maxAge,
  max_uses: maxUses,
  uses: v.nullish(int(0, Number.MAX_SAFE_INTEGER), 0),
  temporary,
});
