// The routes of a channel's and of a guild's live invites: all of them, or page by page.

import * as v from 'valibot';
import type { Engine } from '../../engine/engine.js';
import type { ListOutcome } from '../../engine/list.js';
import { isCode } from '../../invite/code.js';
import { inviteJson, METADATA } from '../../invite/invite-json.js';
import type { FieldErrorCode } from '../field-errors.js';
import { BUCKETS } from '../limits/buckets.js';
import { nextLink, pageLimit } from '../paging.js';
import { type ProblemCode, problem } from '../problem.js';
import { jsonReply, type Reply } from '../reply.js';
import type { Request } from '../request.js';
import { closed, type Route } from '../route.js';
import { refuseField, validate } from '../validate.js';

const PROBLEM_OF = {
  unknown_channel: 'UNKNOWN_CHANNEL',
  unknown_guild: 'UNKNOWN_GUILD',
  missing_permissions: 'MISSING_PERMISSIONS',
} as const satisfies Record<string, ProblemCode>;

/** `<place in the list>_<code>`, as lua/list.lua makes them. */
const CURSOR = /^[0-9]{1,20}_[A-Za-z0-9-]{1,64}$/;

export function inviteListRoutes(engine: Engine): readonly Route[] {
  return [
    closed(
      'caller',
      'GET',
      '/channels/{channel_id}/invites',
      async (call) => {
        const page = pageOf(call.request);
        return listReply(
          await engine.listChannel(call.id('channel_id'), call.caller, page),
          call.request,
          page,
        );
      },
      { limit: BUCKETS.list },
    ),

    closed(
      'caller',
      'GET',
      '/guilds/{guild_id}/invites',
      async (call) => {
        const page = pageOf(call.request);
        return listReply(await engine.listGuild(call.id('guild_id'), call.caller, page), call.request, page);
      },
      { limit: BUCKETS.list },
    ),
  ];
}

const pageQuery = v.object({
  limit: v.optional(v.nullable(pageLimit), null),
  after: v.optional(
    v.nullable(
      v.pipe(
        v.string(),
        v.check((given) => isCode(given) || CURSOR.test(given), 'INVALID_VALUE' satisfies FieldErrorCode),
      ),
    ),
    null,
  ),
});

type Page = v.InferOutput<typeof pageQuery>;

const ALL: Page = { limit: null, after: null };

function pageOf({ query }: Request): Page {
  return query === '' ? ALL : validate(pageQuery, Object.fromEntries(new URLSearchParams(query)));
}

function listReply(outcome: ListOutcome, { path }: Request, { limit }: Page): Reply {
  if (outcome.status === 'unknown_cursor') throw refuseField('after', 'INVALID_VALUE');
  if (outcome.status !== 'listed') return problem(PROBLEM_OF[outcome.status]);
  const body = `[${outcome.invites.map((invite) => inviteJson(invite, METADATA)).join(',')}]`;
  if (outcome.next === null) return jsonReply(200, body);
  return jsonReply(200, body, [nextLink(path, { limit: String(limit) }, outcome.next)]);
}
