// From marks to what they stand for: reads each marked entity as it is now, in the form that Postgres keeps.

import type { Snowflake } from '../invite/id.js';
import type { JsonText } from '../invite/invite.js';
import { partitionOfId } from '../invite/partition.js';
import type { ChannelRecord, GroupDmRecord, GuildRecord, UserRecord } from '../invite/records.js';
import type {
  BanState,
  ChannelState,
  Entities,
  Entity,
  GroupDmState,
  GuildState,
  InviteState,
  IpBanState,
  MemberState,
  UserState,
} from '../postgres/entities.js';
import { readMembership } from '../store/directory.js';
import type { EntityAsked, JournalStore, Mark, StoredEntity } from '../store/journal-store.js';
import { readPackedGuild, readPackedInvite } from '../store/packed-records.js';

/** Told of an entity whose record is not what it should be, by its name. */
export type DamageTold = (entity: string) => void;

/** Entities in one script call. */
const READ_MAX = 2000;

type Lists = { -readonly [Kind in keyof Entities]: Entities[Kind][number][] };

/** Reads what the marks of one journal stand for. Each is told with the seq of its mark, which what was read is not older than. */
export function readMarked(
  store: JournalStore,
  marks: readonly Mark[],
  onDamaged: DamageTold,
): Promise<Entities> {
  return readAll(
    store,
    onDamaged,
    // Only the directory is marked: all of it lies in the partition of the first id.
    marks.map(({ entity, seq }) => ({
      entity,
      seq,
      partition: partitionOfId(entity.split(':', 2)[1] ?? ''),
    })),
  );
}

/** Reads entities of one journal, marked or not. Each is told with the seq at which it was read. */
export function readNow(
  store: JournalStore,
  asked: readonly EntityAsked[],
  onDamaged: DamageTold,
): Promise<Entities> {
  return readAll(
    store,
    onDamaged,
    asked.map((one) => ({ ...one, seq: null })),
  );
}

async function readAll(
  store: JournalStore,
  onDamaged: DamageTold,
  wanted: readonly (EntityAsked & { readonly seq: number | null })[],
): Promise<Entities> {
  const lists: Lists = {
    guilds: [],
    channels: [],
    members: [],
    bans: [],
    ipBans: [],
    users: [],
    groupDms: [],
    invites: [],
  };
  for (let from = 0; from < wanted.length; from += READ_MAX) {
    const some = wanted.slice(from, from + READ_MAX);
    const { seq: now, stored } = await store.readEntities(some);
    some.forEach(({ entity, seq }, at) => {
      try {
        add(lists, entity, seq ?? now, stored[at] ?? null);
      } catch {
        // One that can't be read must not keep the others from being copied; what Postgres has of it stays.
        onDamaged(entity);
      }
    });
  }
  return lists;
}

function add(lists: Lists, entity: string, seq: number, stored: StoredEntity): void {
  const [kind, first = '', ...others] = entity.split(':');
  const id = first as Snowflake;
  // Addresses have colons of their own.
  const rest = others.join(':');
  switch (kind) {
    case 'guild':
      lists.guilds.push(present(seq, { id }, stored, (text) => guildState(id, text)));
      return;
    case 'channel':
      lists.channels.push(
        present(seq, { guildId: id, id: rest as Snowflake }, stored, (text) => channelState(textOf(text))),
      );
      return;
    case 'member': {
      const key = { guildId: id, userId: rest as Snowflake };
      lists.members.push(
        present(seq, key, stored, (text): MemberState => ({ ...key, ...readMembership(textOf(text)) })),
      );
      return;
    }
    case 'bans': {
      const key = { guildId: id, userId: rest as Snowflake };
      lists.bans.push(present(seq, key, stored, (text): BanState => ({ ...key, record: jsonOf(text) })));
      return;
    }
    case 'ip-bans': {
      const key = { guildId: id, addressKey: rest };
      lists.ipBans.push(present(seq, key, stored, (text): IpBanState => ({ ...key, record: jsonOf(text) })));
      return;
    }
    case 'user':
      lists.users.push(present(seq, { id }, stored, (text) => userState(id, jsonOf(text))));
      return;
    case 'group-dm':
      lists.groupDms.push(present(seq, { id }, stored, (texts) => groupDmState(id, texts)));
      return;
    case 'invite':
      addInvite(lists, seq, first, stored);
      return;
    default:
      throw new Error('a mark of no known kind');
  }
}

function present<State, Key extends keyof State>(
  seq: number,
  key: Pick<State, Key>,
  stored: StoredEntity,
  read: (stored: string | readonly string[]) => State,
): Entity<State, Key> {
  return stored === null ? { ...key, seq, state: null } : { seq, state: read(stored) };
}

function guildState(id: Snowflake, stored: string | readonly string[]): GuildState {
  const [packed = '', json = ''] = textsOf(stored);
  const record = JSON.parse(json) as Omit<GuildRecord, 'member_count' | 'presence_count'>;
  const { toldMemberCount, ...guild } = readPackedGuild(packed);
  return {
    id,
    bornSeq: guild.bornSeq,
    ownerId: guild.ownerId,
    name: record.name,
    record: json as JsonText,
    memberCount: toldMemberCount,
    presenceCount: guild.presenceCount,
    roles: record.roles,
    vanity: guild.vanity,
    vanityVersion: guild.vanityVersion,
  };
}

function channelState(json: string): ChannelState {
  const { guild_id, id, name, type } = JSON.parse(json) as ChannelRecord;
  return { guildId: guild_id, id, name, type, record: json as JsonText };
}

function userState(id: Snowflake, record: JsonText): UserState {
  return { id, username: (JSON.parse(record) as UserRecord).username, record };
}

function groupDmState(id: Snowflake, stored: string | readonly string[]): GroupDmState {
  const [ownerId = '', json = '', ...recipients] = textsOf(stored);
  const { name } = JSON.parse(json) as Pick<GroupDmRecord, 'name'>;
  return {
    id,
    ownerId: ownerId as Snowflake,
    name,
    recipients: recipients as unknown as readonly Snowflake[],
    record: json as JsonText,
  };
}

/** Only a full copy marks invites: they come to Postgres by what the journal tells of them. */
function addInvite(lists: Lists, seq: number, code: string, stored: StoredEntity): void {
  const invite = stored === null ? null : readPackedInvite(textOf(stored));
  if (invite === null) return;
  lists.invites.push({ seq, state: { code, ...invite } satisfies InviteState });
}

function textOf(stored: string | readonly string[]): string {
  if (typeof stored !== 'string') throw new Error('a list where one text should be');
  return stored;
}

function textsOf(stored: string | readonly string[]): readonly string[] {
  if (typeof stored === 'string') throw new Error('one text where a list should be');
  return stored;
}

function jsonOf(stored: string | readonly string[]): JsonText {
  return textOf(stored) as JsonText;
}
