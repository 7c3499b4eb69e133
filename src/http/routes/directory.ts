// The routes of the directory (contract §5): the host tells guilds, channels, members, bans, group DMs and users.

import type { Engine } from '../../engine/engine.js';
import { type Address, parseAddress } from '../../invite/address.js';
import { type ProblemCode, problem } from '../problem.js';
import { NO_CONTENT, type Reply, valueReply } from '../reply.js';
import { closed, type KnownCall, type Route } from '../route.js';
import { banBody, channelBody, groupDmBody, guildBody, memberBody, userBody } from '../schemas.js';
import { refuseField, validate } from '../validate.js';
import { guildRecord } from './guild-record.js';

const PROBLEM_OF = {
  unknown_guild: 'UNKNOWN_GUILD',
  unknown_channel: 'UNKNOWN_CHANNEL',
  unknown_member: 'UNKNOWN_MEMBER',
  unknown_ban: 'UNKNOWN_BAN',
  unknown_user: 'UNKNOWN_USER',
} as const satisfies Record<string, ProblemCode>;

type Unknown = keyof typeof PROBLEM_OF;

export function directoryRoutes(engine: Engine): readonly Route[] {
  return [...guildRoutes(engine), ...memberRoutes(engine), ...banRoutes(engine), ...peopleRoutes(engine)];
}

function guildRoutes(engine: Engine): readonly Route[] {
  return [
    ...resource('/guilds/{guild_id}', {
      put: async (call) => {
        const guild = guildRecord(call.id('guild_id'), validate(guildBody, call.json));
        return valueReply(await engine.putGuild(guild));
      },
      get: async (call) => found(await engine.getGuild(call.id('guild_id'))),
      delete: async (call) =>
        deleted(await engine.deleteGuild(call.id('guild_id'), call.caller.userId, call.trace)),
    }),
    ...resource('/guilds/{guild_id}/channels/{channel_id}', {
      put: async (call) => {
        const outcome = await engine.putChannel({
          id: call.id('channel_id'),
          guild_id: call.id('guild_id'),
          ...validate(channelBody, call.json),
        });
        if (outcome.status === 'id_taken') throw refuseField('channel_id', 'ID_TAKEN');
        return outcome.status === 'put' ? valueReply(outcome.channel) : problem(PROBLEM_OF[outcome.status]);
      },
      get: async (call) => found(await engine.getChannel(call.id('guild_id'), call.id('channel_id'))),
      delete: async (call) =>
        deleted(
          await engine.deleteChannel(
            call.id('guild_id'),
            call.id('channel_id'),
            call.caller.userId,
            call.trace,
          ),
        ),
    }),
  ];
}

function memberRoutes(engine: Engine): readonly Route[] {
  return resource('/guilds/{guild_id}/members/{user_id}', {
    put: async (call) => {
      const body = validate(memberBody, call.json);
      return found(
        await engine.putMember({ guild_id: call.id('guild_id'), user_id: call.id('user_id'), ...body }),
      );
    },
    get: async (call) => found(await engine.getMember(call.id('guild_id'), call.id('user_id'))),
    delete: async (call) =>
      deleted(await engine.deleteMember(call.id('guild_id'), call.id('user_id'), call.trace)),
  });
}

function banRoutes(engine: Engine): readonly Route[] {
  return [
    ...resource('/guilds/{guild_id}/bans/{user_id}', {
      put: async (call) => {
        const { reason } = validate(banBody, call.json);
        return found(
          await engine.putBan(
            { guild_id: call.id('guild_id'), user_id: call.id('user_id'), reason },
            call.trace,
          ),
        );
      },
      get: async (call) => found(await engine.getBan(call.id('guild_id'), call.id('user_id'))),
      delete: async (call) => deleted(await engine.deleteBan(call.id('guild_id'), call.id('user_id'))),
    }),
    ...resource('/guilds/{guild_id}/ip-bans/{address}', {
      put: async (call) => {
        const address = addressOf(call);
        const { reason } = validate(banBody, call.json);
        return found(
          await engine.putIpBan({ guild_id: call.id('guild_id'), address: address.text, reason }, address),
        );
      },
      get: async (call) => found(await engine.getIpBan(call.id('guild_id'), addressOf(call))),
      delete: async (call) => deleted(await engine.deleteIpBan(call.id('guild_id'), addressOf(call))),
    }),
  ];
}

function peopleRoutes(engine: Engine): readonly Route[] {
  return [
    ...resource('/group-dms/{channel_id}', {
      put: async (call) => {
        const groupDm = { id: call.id('channel_id'), ...validate(groupDmBody, call.json) };
        const outcome = await engine.putGroupDm(groupDm);
        if (outcome === 'id_taken') throw refuseField('channel_id', 'ID_TAKEN');
        return valueReply(outcome);
      },
      get: async (call) => found(await engine.getGroupDm(call.id('channel_id'))),
      delete: async (call) =>
        deleted(await engine.deleteGroupDm(call.id('channel_id'), call.caller.userId, call.trace)),
    }),
    ...resource('/users/{user_id}', {
      put: async (call) => {
        const user = { id: call.id('user_id'), ...validate(userBody, call.json) };
        return valueReply(await engine.putUser(user));
      },
      get: async (call) => found(await engine.getUser(call.id('user_id'))),
      delete: async (call) => deleted(await engine.deleteUser(call.id('user_id'))),
    }),
    closed('service', 'POST', '/users/{user_id}/disconnect', async (call) =>
      valueReply({ removed: await engine.disconnect(call.id('user_id'), call.trace) }),
    ),
  ];
}

type Handle = (call: KnownCall) => Promise<Reply>;

function resource(
  path: string,
  handles: { readonly put: Handle; readonly get: Handle; readonly delete: Handle },
): readonly Route[] {
  return [
    closed('service', 'PUT', path, handles.put, { body: 'json' }),
    closed('service', 'GET', path, handles.get),
    closed('service', 'DELETE', path, handles.delete),
  ];
}

function found(record: object | Unknown): Reply {
  return typeof record === 'string' ? problem(PROBLEM_OF[record]) : valueReply(record);
}

function deleted(outcome: 'deleted' | Unknown): Reply {
  return outcome === 'deleted' ? NO_CONTENT : problem(PROBLEM_OF[outcome]);
}

function addressOf(call: KnownCall): Address {
  const address = parseAddress(decoded(call.param('address')));
  if (address === null) throw refuseField('address', 'INVALID_ADDRESS');
  return address;
}

/** The colons of an IPv6 address may come percent-encoded. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
