// The engine as a program sees it that has it within itself: its verbs, by name.

import type {
  BanRecord,
  ChannelRecord,
  GroupDmRecord,
  GuildRecord,
  IpBanRecord,
  MemberRecord,
  UserRecord,
} from '../invite/records.js';
import type * as form from './forms.js';
import type * as told from './told.js';

/**
 * Every verb rejects with `InvalidInput` for arguments that can't be right, and with `StoreUnavailable` while Redis can't be had:
 * of kind `down` when nothing was done, of kind `unknown` when it may have been. Nothing is ever sent twice by itself; accepting
 * again is safe, since whoever is in takes no second use.
 */
export interface Engine {
  read(code: string, options?: form.ReadOptions): Promise<told.ReadOutcome>;
  accept(code: string, userId: string, options?: form.AcceptOptions): Promise<told.AcceptOutcome>;
  create(channelId: string, by: form.Caller, settings?: form.InviteSettings): Promise<told.CreateOutcome>;
  edit(
    code: string,
    by: form.Caller,
    changes: form.InviteChanges,
    options?: form.IfVersion,
  ): Promise<told.EditOutcome>;
  revoke(code: string, by: form.Caller, options?: form.IfVersion): Promise<told.RevokeOutcome>;
  /** Live invites, newest first. */
  listGuild(guildId: string, by: form.Caller, page?: form.PageOptions): Promise<told.ListOutcome>;
  listChannel(channelId: string, by: form.Caller, page?: form.PageOptions): Promise<told.ListOutcome>;

  getVanity(guildId: string, by: form.Caller): Promise<told.GetVanityOutcome>;
  /** null removes it. */
  setVanity(
    guildId: string,
    by: form.Caller,
    code: string | null,
    options?: form.IfVersion,
  ): Promise<told.SetVanityOutcome>;

  putGuild(guild: form.GuildForm): Promise<told.PutOutcome<GuildRecord>>;
  getGuild(id: string): Promise<told.GetOutcome<GuildRecord, 'unknown_guild'>>;
  /** Ends its invites, too. `by`: the id of the user that their events name; likewise below. */
  deleteGuild(id: string, by: string): Promise<told.DeleteOutcome<'unknown_guild'>>;
  putChannel(
    channel: form.ChannelForm,
  ): Promise<told.PutOutcome<ChannelRecord, 'unknown_guild' | 'id_taken'>>;
  getChannel(
    guildId: string,
    id: string,
  ): Promise<told.GetOutcome<ChannelRecord, 'unknown_guild' | 'unknown_channel'>>;
  deleteChannel(
    guildId: string,
    id: string,
    by: string,
  ): Promise<told.DeleteOutcome<'unknown_guild' | 'unknown_channel'>>;
  putMember(member: form.MemberForm): Promise<told.PutOutcome<MemberRecord, 'unknown_guild'>>;
  getMember(
    guildId: string,
    userId: string,
  ): Promise<told.GetOutcome<MemberRecord, 'unknown_guild' | 'unknown_member'>>;
  deleteMember(
    guildId: string,
    userId: string,
  ): Promise<told.DeleteOutcome<'unknown_guild' | 'unknown_member'>>;
  putBan(ban: form.BanForm): Promise<told.PutOutcome<BanRecord, 'unknown_guild'>>;
  getBan(
    guildId: string,
    userId: string,
  ): Promise<told.GetOutcome<BanRecord, 'unknown_guild' | 'unknown_ban'>>;
  deleteBan(guildId: string, userId: string): Promise<told.DeleteOutcome<'unknown_guild' | 'unknown_ban'>>;
  /** Of an IPv4 address, or of the /64 that an IPv6 address is in. */
  putIpBan(ban: form.IpBanForm): Promise<told.PutOutcome<IpBanRecord, 'unknown_guild'>>;
  getIpBan(
    guildId: string,
    address: string,
  ): Promise<told.GetOutcome<IpBanRecord, 'unknown_guild' | 'unknown_ban'>>;
  deleteIpBan(guildId: string, address: string): Promise<told.DeleteOutcome<'unknown_guild' | 'unknown_ban'>>;
  putGroupDm(groupDm: form.GroupDmForm): Promise<told.PutOutcome<GroupDmRecord, 'id_taken'>>;
  getGroupDm(id: string): Promise<told.GetOutcome<GroupDmRecord, 'unknown_channel'>>;
  deleteGroupDm(id: string, by: string): Promise<told.DeleteOutcome<'unknown_channel'>>;
  putUser(user: form.UserForm): Promise<told.PutOutcome<UserRecord>>;
  getUser(id: string): Promise<told.GetOutcome<UserRecord, 'unknown_user'>>;
  deleteUser(id: string): Promise<told.DeleteOutcome<'unknown_user'>>;
  /** The user has gone offline: ends all his temporary memberships. @returns the ids of their guilds */
  disconnect(userId: string): Promise<readonly string[]>;
  /** An invite that was made elsewhere, as an import does it. */
  putInvite(invite: form.InviteForm): Promise<told.PutInviteOutcome>;

  /** What happened, oldest first, in order for each guild. Each event comes at least once to whoever names `after` as he should. */
  events(query?: form.EventsQuery): Promise<told.EventsOutcome>;
  /** Keeps no events for this consumer any more. */
  forgetConsumer(name: string): Promise<told.Plain<'forgotten' | 'unknown_consumer'>>;

  /** Resolves when the engine can serve; rejects with `StoreUnavailable` while it can't. */
  checkReady(): Promise<void>;
  /** Refuses what comes from now on, waits for what is under way, ends the jobs, and lets go of Redis and Postgres. */
  close(): Promise<void>;
}
