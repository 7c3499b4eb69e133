// The routes of one invite, and of a channel's or guild's invites.

import type { AcceptOutcome } from '../../engine/accept.js';
import type { Engine } from '../../engine/engine.js';
import type { ReadOutcome } from '../../engine/read.js';
import type { Invite } from '../../invite/invite.js';
import {
  ACCEPTED,
  ALREADY,
  inviteJson,
  METADATA,
  revisionJson,
  type Shape,
} from '../../invite/invite-json.js';
import { type ProblemCode, problem } from '../problem.js';
import { jsonReply, NO_CONTENT, type Reply, versionedReply } from '../reply.js';
import { closed, open, type Route } from '../route.js';
import { createInviteBody } from '../schemas.js';
import { validate } from '../validate.js';

/** What the engine's refusals are on the wire. */
const PROBLEM_OF = {
  unknown: 'UNKNOWN_INVITE',
  invites_disabled: 'INVITES_DISABLED',
  banned: 'USER_BANNED_FROM_GUILD',
  ip_banned: 'USER_IP_BANNED_FROM_GUILD',
  guild_full: 'MAX_GUILD_MEMBERS',
  group_dm_full: 'MAX_GROUP_DM_RECIPIENTS',
  unknown_channel: 'UNKNOWN_CHANNEL',
  unknown_guild: 'UNKNOWN_GUILD',
  missing_permissions: 'MISSING_PERMISSIONS',
  invalid_channel_type: 'INVALID_CHANNEL_TYPE',
  max_invites: 'MAX_INVITES',
} as const satisfies Record<string, ProblemCode>;

export function inviteRoutes(engine: Engine): readonly Route[] {
  return [
    open('GET', '/invites/{code}', (call) => {
      const wishes = wishesOf(call.request.query);
      return engine
        .read(call.param('code'), call.caller, wishes.counts, call.client)
        .then((outcome) => readReply(outcome, wishes));
    }),

    closed(
      'user',
      'POST',
      '/invites/{code}',
      (call) =>
        engine
          .accept(call.param('code'), call.caller.userId, call.clientAddress?.banKey ?? null, call.client)
          .then(acceptReply),
      { usesClientAddress: true },
    ),

    closed('caller', 'DELETE', '/invites/{code}', async (call) => {
      const outcome = await engine.revoke(call.param('code'), call.caller);
      return outcome.status === 'revoked' ? NO_CONTENT : problem(PROBLEM_OF[outcome.status]);
    }),

    closed(
      'caller',
      'POST',
      '/channels/{channel_id}/invites',
      async (call) => {
        const body = validate(createInviteBody, call.json);
        const outcome = await engine.create(
          {
            channelId: call.id('channel_id'),
            maxAgeS: body.max_age,
            maxUses: body.max_uses,
            isTemporary: body.temporary,
            isUnique: body.unique,
          },
          call.caller,
        );
        if (!('invite' in outcome)) return problem(PROBLEM_OF[outcome.status]);
        return inviteReply(outcome.invite, METADATA);
      },
      { body: 'json' },
    ),

    closed('caller', 'GET', '/channels/{channel_id}/invites', async (call) =>
      listReply(await engine.listChannel(call.id('channel_id'), call.caller)),
    ),

    closed('caller', 'GET', '/guilds/{guild_id}/invites', async (call) =>
      listReply(await engine.listGuild(call.id('guild_id'), call.caller)),
    ),
  ];
}

/** What a reader wants beside the plain form. */
type Wishes = Pick<Shape, 'expiration' | 'counts'>;

const NO_WISHES: Wishes = { expiration: false, counts: false };

function wishesOf(queryText: string): Wishes {
  if (queryText === '') return NO_WISHES;
  const query = new URLSearchParams(queryText);
  return { expiration: isTrue(query.get('with_expiration')), counts: isTrue(query.get('with_counts')) };
}

function readReply(outcome: ReadOutcome, wishes: Wishes): Reply {
  if (outcome.status === 'unknown') return problem('UNKNOWN_INVITE');
  return inviteReply(outcome.invite, { ...wishes, metadata: outcome.maySeeMetadata });
}

function acceptReply(outcome: AcceptOutcome): Reply {
  if (!('revision' in outcome)) return problem(PROBLEM_OF[outcome.status]);
  const { revision, status } = outcome;
  return versionedReply(revision.version, revisionJson(revision, status === 'accepted' ? ACCEPTED : ALREADY));
}

function listReply(outcome: Awaited<ReturnType<Engine['listGuild']>>): Reply {
  if (outcome.status !== 'listed') return problem(PROBLEM_OF[outcome.status]);
  return jsonReply(200, `[${outcome.invites.map((invite) => inviteJson(invite, METADATA)).join(',')}]`);
}

function inviteReply(invite: Invite, shape: Shape): Reply {
  return versionedReply(invite.revision.version, inviteJson(invite, shape));
}

function isTrue(value: string | null | undefined): boolean {
  return value === 'true' || value === '1';
}
