// The verbs about invites and vanity codes, between the library's plain arguments and the engine's own.

import * as v from 'valibot';
import type { Engine as Core } from '../engine/engine.js';
import type { ListOutcome as CoreListOutcome } from '../engine/list.js';
import type { FieldErrorCode } from '../http/field-errors.js';
import { createInviteBody, editInviteBody } from '../http/schemas.js';
import { parseVanity } from '../invite/vanity.js';
import { addressAt, callerAt, checked, idAt, limit, refuse, textAt, versionsOf } from './check.js';
import type { Engine } from './engine.js';
import type { PageOptions } from './forms.js';
import { fullInvite, plainInvite, shownInvite } from './shown.js';
import type { ListOutcome } from './told.js';

export function inviteVerbs(
  core: Core,
  reservedVanity: ReadonlySet<string>,
): Pick<
  Engine,
  'read' | 'accept' | 'create' | 'edit' | 'revoke' | 'listGuild' | 'listChannel' | 'getVanity' | 'setVanity'
> {
  return {
    async read(code, { by, counts = false } = {}) {
      const caller = by === undefined ? null : callerAt('by', by);
      const outcome = await core.read(textAt('code', code), caller, counts);
      if (outcome.status !== 'found') return outcome;
      const { maySeeMetadata, invite } = outcome;
      return maySeeMetadata
        ? { status: 'found', maySeeMetadata, invite: fullInvite(invite, counts) }
        : { status: 'found', maySeeMetadata, invite: shownInvite(invite, counts) };
    },

    async accept(code, userId, { address = null } = {}) {
      const banKey = address === null ? null : addressAt('address', address).banKey;
      const outcome = await core.accept(textAt('code', code), idAt('userId', userId), banKey);
      return 'revision' in outcome
        ? { status: outcome.status, invite: plainInvite(outcome.revision) }
        : outcome;
    },

    async create(channelId, by, settings = {}) {
      const { max_age, max_uses, temporary, unique } = checked(createInviteBody, settings);
      const request = {
        channelId: idAt('channelId', channelId),
        maxAgeS: max_age,
        maxUses: max_uses,
        isTemporary: temporary,
        isUnique: unique,
      };
      const outcome = await core.create(request, callerAt('by', by));
      return 'invite' in outcome ? { status: outcome.status, invite: fullInvite(outcome.invite) } : outcome;
    },

    async edit(code, by, changes, options = {}) {
      const { max_age, max_uses, temporary, paused } = checked(editInviteBody, changes);
      const edit = {
        maxAgeS: max_age ?? null,
        maxUses: max_uses ?? null,
        isTemporary: temporary ?? null,
        isPaused: paused ?? null,
      };
      const outcome = await core.edit(textAt('code', code), callerAt('by', by), edit, versionsOf(options));
      return 'invite' in outcome ? { status: outcome.status, invite: fullInvite(outcome.invite) } : outcome;
    },

    async revoke(code, by, options = {}) {
      return core.revoke(textAt('code', code), callerAt('by', by), versionsOf(options));
    },

    async listGuild(guildId, by, page = {}) {
      return listed(await core.listGuild(idAt('guildId', guildId), callerAt('by', by), pageOf(page)));
    },

    async listChannel(channelId, by, page = {}) {
      return listed(await core.listChannel(idAt('channelId', channelId), callerAt('by', by), pageOf(page)));
    },

    async getVanity(guildId, by) {
      return core.getVanity(idAt('guildId', guildId), callerAt('by', by));
    },

    async setVanity(guildId, by, code, options = {}) {
      const [guild, caller, wanted] = [idAt('guildId', guildId), callerAt('by', by), versionsOf(options)];
      if (code === null) return core.setVanity(guild, caller, null, wanted);
      const parsed = parseVanity(textAt('code', code), reservedVanity);
      if (!parsed.ok) return { status: 'invalid_code', problem: parsed.problem };
      return core.setVanity(guild, caller, parsed.code, wanted);
    },
  };
}

const pageQuery = v.object(
  {
    limit: v.optional(v.nullable(limit), null),
    after: v.optional(v.nullable(v.string('INVALID_TYPE' satisfies FieldErrorCode)), null),
  },
  'INVALID_TYPE' satisfies FieldErrorCode,
);

function pageOf(page: PageOptions) {
  const given = checked(pageQuery, page);
  if (given.after === '') throw refuse('after', 'INVALID_VALUE');
  return given;
}

function listed(outcome: CoreListOutcome): ListOutcome {
  if (outcome.status !== 'listed') return outcome;
  return { ...outcome, invites: outcome.invites.map((invite) => fullInvite(invite)) };
}
