// A guild as it is stored, from a body that was found valid: in its endpoint and in an import alike.

import type * as v from 'valibot';
import type { Snowflake } from '../../invite/id.js';
import type { GuildRecord } from '../../invite/records.js';
import { type guildBody, rolePermissions } from '../schemas.js';

export function guildRecord(id: Snowflake, body: v.InferOutput<typeof guildBody>): GuildRecord {
  return {
    id,
    ...body,
    roles: body.roles.map((role) => ({
      id: role.id,
      permissions: role.permissions ?? rolePermissions(id, role.id),
    })),
  };
}
