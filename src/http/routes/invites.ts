// The routes of one invite, from its making to its end.

import type { AcceptOutcome } from '../../engine/accept.js';
import type { EditOutcome } from '../../engine/edit.js';
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
import { isKnown, wantedVersion } from '../etags.js';
import { fieldError } from '../field-errors.js';
import { onceNames, onceReply } from '../idempotency.js';
import { BUCKETS } from '../limits/buckets.js';
import { invalid, type ProblemCode, problem } from '../problem.js';
import { NO_CONTENT, notModified, type Reply, versionedReply } from '../reply.js';
import type { Request } from '../request.js';
import { closed, open, type Route } from '../route.js';
import { createInviteBody, editInviteBody } from '../schemas.js';
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
  missing_permissions: 'MISSING_PERMISSIONS',
  invalid_channel_type: 'INVALID_CHANNEL_TYPE',
  max_invites: 'MAX_INVITES',
  version_mismatch: 'VERSION_MISMATCH',
  key_reused: 'IDEMPOTENCY_KEY_REUSED',
} as const satisfies Record<string, ProblemCode>;

export function inviteRoutes(engine: Engine): readonly Route[] {
  return [
    open(
      'GET',
      '/invites/{code}',
      (call) => {
        const wishes = wishesOf(call.request.query);
        return engine
          .read(call.param('code'), call.caller, wishes.counts, call.client)
          .then((outcome) => readReply(outcome, wishes, call.request));
      },
      { limit: BUCKETS.read },
    ),

    closed(
      'user',
      'POST',
      '/invites/{code}',
      (call) =>
        engine
          .accept(call.param('code'), call.caller.userId, call.clientAddress?.banKey ?? null, call.client)
          .then(acceptReply),
      { usesClientAddress: true, limit: BUCKETS.accept },
    ),

    closed(
      'caller',
      'DELETE',
      '/invites/{code}',
      async (call) => {
        const wanted = wantedVersion(call.request.headers);
        const outcome = await engine.revoke(call.param('code'), call.caller, wanted);
        return outcome.status === 'revoked' ? NO_CONTENT : problem(PROBLEM_OF[outcome.status]);
      },
      { limit: BUCKETS.delete },
    ),

    closed(
      'caller',
      'PATCH',
      '/invites/{code}',
      async (call) => {
        const wanted = wantedVersion(call.request.headers);
        const body = validate(editInviteBody, call.json);
        const changes = {
          maxAgeS: body.max_age ?? null,
          maxUses: body.max_uses ?? null,
          isTemporary: body.temporary ?? null,
          isPaused: body.paused ?? null,
        };
        return editReply(await engine.edit(call.param('code'), call.caller, changes, wanted));
      },
      { body: 'json', limit: BUCKETS.delete },
    ),

    closed(
      'caller',
      'POST',
      '/channels/{channel_id}/invites',
      async (call) => {
        const channelId = call.id('channel_id');
        const names = onceNames(call, 'create', channelId);
        const body = validate(createInviteBody, call.json);
        const request = {
          channelId,
          maxAgeS: body.max_age,
          maxUses: body.max_uses,
          isTemporary: body.temporary,
          isUnique: body.unique,
        };
        if (names !== null) {
          const once = { ...names, answer: (invite: Invite) => inviteJson(invite, METADATA) };
          const outcome = await engine.createOnce(request, call.caller, once);
          if (outcome.status !== 'answered') return problem(PROBLEM_OF[outcome.status]);
          return onceReply(outcome.answer, outcome.isReplay);
        }
        const outcome = await engine.create(request, call.caller);
        if (!('invite' in outcome)) return problem(PROBLEM_OF[outcome.status]);
        return inviteReply(outcome.invite, METADATA);
      },
      { body: 'json', limit: BUCKETS.create },
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

function readReply(outcome: ReadOutcome, wishes: Wishes, { headers }: Request): Reply {
  if (outcome.status === 'unknown') return problem('UNKNOWN_INVITE');
  const { version } = outcome.invite.revision;
  if (headers.ifNoneMatch !== undefined && isKnown(headers, version)) return notModified(version);
  return inviteReply(outcome.invite, { ...wishes, metadata: outcome.maySeeMetadata });
}

function acceptReply(outcome: AcceptOutcome): Reply {
  if (!('revision' in outcome)) return problem(PROBLEM_OF[outcome.status]);
  const { revision, status } = outcome;
  return versionedReply(revision.version, revisionJson(revision, status === 'accepted' ? ACCEPTED : ALREADY));
}

function editReply(outcome: EditOutcome): Reply {
  switch (outcome.status) {
    case 'edited':
    case 'unchanged':
      return inviteReply(outcome.invite, METADATA);
    case 'already_over':
      return invalid([
        ...(outcome.isPast ? [fieldError('max_age', 'ALREADY_OVER')] : []),
        ...(outcome.isUsedUp ? [fieldError('max_uses', 'ALREADY_OVER')] : []),
      ]);
    default:
      return problem(PROBLEM_OF[outcome.status]);
  }
}

function inviteReply(invite: Invite, shape: Shape): Reply {
  return versionedReply(invite.revision.version, inviteJson(invite, shape));
}

function isTrue(value: string | null | undefined): boolean {
  return value === 'true' || value === '1';
}
