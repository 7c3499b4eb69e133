// The share URLs, /invite/{code} and /{code}: a page for people, or the plain invite for programs.

import type { Engine } from '../../engine/engine.js';
import type { Invite } from '../../invite/invite.js';
import { inviteJson, isoTime } from '../../invite/invite-json.js';
import { isKnown } from '../etags.js';
import { BUCKETS } from '../limits/buckets.js';
import { prefers } from '../negotiate.js';
import { type LandingOptions, type LandingView, landingHeaders, renderLanding } from '../page/landing.js';
import { PROBLEM_TYPE, problem } from '../problem.js';
import { etag, type Header, htmlReply, jsonReply, notModified } from '../reply.js';
import { type Call, open, type Route } from '../route.js';

const BOTH = { metadata: false, expiration: true, counts: true } as const;
/** Two answers live under one URL: caches and previews must know. */
const VARY: Header = ['Vary', 'Accept'];

export function shareRoutes(engine: Engine, options: LandingOptions): readonly Route[] {
  const pageHeaders = [...landingHeaders(options), VARY];

  const show = async (call: Call) => {
    const outcome = await engine.read(call.param('code'), null, true, call.client);
    if (wantsJson(call)) {
      if (outcome.status === 'unknown') return problem('UNKNOWN_INVITE', [VARY]);
      const { version } = outcome.invite.revision;
      if (isKnown(call.request.headers, version)) return notModified(version, [VARY]);
      return jsonReply(200, inviteJson(outcome.invite, BOTH), [etag(version), VARY]);
    }
    if (outcome.status === 'unknown') {
      return htmlReply(404, renderLanding({ kind: 'unknown' }, options), pageHeaders);
    }
    return htmlReply(200, renderLanding(viewOf(outcome.invite), options), pageHeaders);
  };

  const limited = { limit: BUCKETS.read };
  return [open('GET', '/invite/{code}', show, limited), open('GET', '/{code}', show, limited)];
}

/** Where a client wants both alike, it gets the page; one who takes errors as JSON and no page is a program. */
function wantsJson({ request: { headers } }: Call): boolean {
  const preferred = prefers(headers.accept, ['text/html', 'application/json', PROBLEM_TYPE]);
  return preferred === 'application/json' || preferred === PROBLEM_TYPE;
}

function viewOf({ revision: invite, memberCount, presenceCount }: Invite): LandingView {
  const channel = parse<{ readonly name: string | null }>(invite.channelJson);
  const inviter = parse<{ readonly username: string }>(invite.inviterJson);
  const common = {
    code: invite.code,
    inviterName: inviter?.username ?? null,
    memberCount,
    expiresAt: invite.expiresAtMs === null ? null : isoTime(invite.expiresAtMs),
  };
  if (invite.kind === 'group_dm') {
    return {
      kind: 'group_dm',
      ...common,
      name: channel?.name ?? null,
      recipientNames: invite.recipientNames.map((name) => JSON.parse(name) as string | null),
    };
  }
  const guild = JSON.parse(invite.guildJson) as { readonly name: string; readonly icon_hash: string | null };
  return {
    kind: 'guild',
    ...common,
    guildId: invite.guildId,
    guildName: guild.name,
    iconHash: guild.icon_hash,
    channelName: channel?.name ?? null,
    presenceCount,
  };
}

/** Pieces of JSON that we made ourselves. */
function parse<Shape>(json: string | null): Shape | null {
  return json === null ? null : (JSON.parse(json) as Shape);
}
