// The verbs of the directory, between the library's plain records and the engine's own. What is left out of a record is what it
// would be in a request (http/schemas.ts).

import type { Engine as Core } from '../engine/engine.js';
import { guildRecord } from '../http/routes/guild-record.js';
import {
  banBody,
  channelBody,
  groupDmBody,
  guildBody,
  importIds,
  importInvite,
  memberBody,
  userBody,
} from '../http/schemas.js';
import { addressAt, checked, idAt } from './check.js';
import type { Engine } from './engine.js';
import type { Plain } from './told.js';

type Verbs = Pick<
  Engine,
  | `${'put' | 'get' | 'delete'}${'Guild' | 'Channel' | 'Member' | 'Ban' | 'IpBan' | 'GroupDm' | 'User'}`
  | 'disconnect'
  | 'putInvite'
>;

export function directoryVerbs(core: Core): Verbs {
  return {
    async putGuild(guild) {
      const { id } = checked(importIds.guild, guild);
      return put(await core.putGuild(guildRecord(id, checked(guildBody, guild))));
    },
    getGuild: async (id) => got(await core.getGuild(idAt('id', id))),
    deleteGuild: async (id, by) => plain(await core.deleteGuild(idAt('id', id), idAt('by', by))),

    async putChannel(channel) {
      const outcome = await core.putChannel({
        ...checked(importIds.channel, channel),
        ...checked(channelBody, channel),
      });
      return outcome.status === 'put' ? put(outcome.channel) : outcome;
    },
    getChannel: async (guildId, id) => got(await core.getChannel(idAt('guildId', guildId), idAt('id', id))),
    deleteChannel: async (guildId, id, by) =>
      plain(await core.deleteChannel(idAt('guildId', guildId), idAt('id', id), idAt('by', by))),

    putMember: async (member) =>
      put(await core.putMember({ ...checked(importIds.member, member), ...checked(memberBody, member) })),
    getMember: async (guildId, userId) =>
      got(await core.getMember(idAt('guildId', guildId), idAt('userId', userId))),
    deleteMember: async (guildId, userId) =>
      plain(await core.deleteMember(idAt('guildId', guildId), idAt('userId', userId))),

    putBan: async (ban) =>
      put(await core.putBan({ ...checked(importIds.ban, ban), ...checked(banBody, ban) })),
    getBan: async (guildId, userId) =>
      got(await core.getBan(idAt('guildId', guildId), idAt('userId', userId))),
    deleteBan: async (guildId, userId) =>
      plain(await core.deleteBan(idAt('guildId', guildId), idAt('userId', userId))),

    async putIpBan(ban) {
      const { guild_id } = checked(importIds.ip_ban, ban);
      const { reason } = checked(banBody, ban);
      const address = addressAt('address', ban.address);
      return put(await core.putIpBan({ guild_id, address: address.text, reason }, address));
    },
    getIpBan: async (guildId, address) =>
      got(await core.getIpBan(idAt('guildId', guildId), addressAt('address', address))),
    deleteIpBan: async (guildId, address) =>
      plain(await core.deleteIpBan(idAt('guildId', guildId), addressAt('address', address))),

    putGroupDm: async (groupDm) =>
      put(
        await core.putGroupDm({ ...checked(importIds.group_dm, groupDm), ...checked(groupDmBody, groupDm) }),
      ),
    getGroupDm: async (id) => got(await core.getGroupDm(idAt('id', id))),
    deleteGroupDm: async (id, by) => plain(await core.deleteGroupDm(idAt('id', id), idAt('by', by))),

    putUser: async (user) =>
      put(await core.putUser({ ...checked(importIds.user, user), ...checked(userBody, user) })),
    getUser: async (id) => got(await core.getUser(idAt('id', id))),
    deleteUser: async (id) => plain(await core.deleteUser(idAt('id', id))),
    disconnect: async (userId) => core.disconnect(idAt('userId', userId)),

    async putInvite(invite) {
      const { created_at, ...record } = checked(importInvite, invite);
      return plain(await core.putInvite({ ...record, created_at_ms: created_at }));
    },
  };
}

/** What an engine's verb gives is a record, or why there is none. */
type Told<Status extends string, Outcome extends object | string> =
  | { readonly status: Status; readonly record: Extract<Outcome, object> }
  | Plain<Extract<Outcome, string>>;

function put<Outcome extends object | string>(outcome: Outcome): Told<'put', Outcome> {
  return told('put', outcome);
}

function got<Outcome extends object | string>(outcome: Outcome): Told<'found', Outcome> {
  return told('found', outcome);
}

function told<Status extends string, Outcome extends object | string>(
  status: Status,
  outcome: Outcome,
): Told<Status, Outcome> {
  return (typeof outcome === 'string' ? { status: outcome } : { status, record: outcome }) as Told<
    Status,
    Outcome
  >;
}

function plain<Status extends string>(status: Status): Plain<Status> {
  return { status } as Plain<Status>;
}
