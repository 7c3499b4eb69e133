// The routes of a guild's vanity code.

import type { Engine } from '../../engine/engine.js';
import { parseVanity } from '../../invite/vanity.js';
import { isKnown, wantedVersion } from '../etags.js';
import { BUCKETS } from '../limits/buckets.js';
import { problem } from '../problem.js';
import { etag, notModified, type Reply, valueReply } from '../reply.js';
import { closed, type Route } from '../route.js';
import { vanityBody } from '../schemas.js';
import { refuseField, validate } from '../validate.js';

export function vanityRoutes(engine: Engine, reserved: ReadonlySet<string>): readonly Route[] {
  return [
    closed(
      'caller',
      'GET',
      '/guilds/{guild_id}/vanity-url',
      async (call) => {
        const outcome = await engine.getVanity(call.id('guild_id'), call.caller);
        if (outcome.status === 'is' && isKnown(call.request.headers, outcome.vanity.version)) {
          return notModified(outcome.vanity.version);
        }
        return vanityReply(outcome);
      },
      { limit: BUCKETS.vanityGet },
    ),

    closed(
      'caller',
      'PATCH',
      '/guilds/{guild_id}/vanity-url',
      async (call) => {
        const wanted = wantedVersion(call.request.headers);
        const code = wantedCode(call.json, reserved);
        const outcome = await engine.setVanity(call.id('guild_id'), call.caller, code, wanted);
        switch (outcome.status) {
          case 'version_mismatch':
            return problem('VERSION_MISMATCH');
          case 'requires_feature':
            throw refuseField('code', 'VANITY_URL_REQUIRES_FEATURE');
          case 'taken':
            throw refuseField('code', 'VANITY_URL_CODE_ALREADY_TAKEN');
          default:
            return vanityReply(outcome);
        }
      },
      { body: 'json', limit: BUCKETS.vanityPatch },
    ),
  ];
}

/** The code that a body asks for; null: none. */
function wantedCode(json: unknown, reserved: ReadonlySet<string>): string | null {
  const { code } = validate(vanityBody, json);
  if (code === null || code === '') return null;
  const parsed = parseVanity(code, reserved);
  if (!parsed.ok) throw refuseField('code', parsed.problem);
  return parsed.code;
}

function vanityReply(outcome: Awaited<ReturnType<Engine['getVanity']>>): Reply {
  switch (outcome.status) {
    case 'unknown_guild':
      return problem('UNKNOWN_GUILD');
    case 'missing_permissions':
      return problem('MISSING_PERMISSIONS');
    case 'is': {
      const { code, uses, version } = outcome.vanity;
      return valueReply({ code, uses }, [etag(version)]);
    }
  }
}
