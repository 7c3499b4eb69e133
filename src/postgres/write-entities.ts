// Channels, members, bans, users and group DMs as they were read: what is newer replaces what stands there, what is gone
// is deleted. One statement each way and kind.

import { list, newestOfEach, readable, textList } from './columns.js';
import { type Param, type SqlSession, type Statement, statement } from './connection.js';
import { type Entities, type Entity, isGone } from './entities.js';

/** How a kind of entity lies in its table. */
interface Kind<State, Key extends keyof State> {
  readonly upsert: Statement;
  readonly remove: Statement;
  /** The parts of the key, in the order of the statements. */
  keyOf(key: Readonly<Pick<State, Key>>): readonly string[];
  /** The columns behind the key and `seq`. */
  columns(states: readonly State[]): readonly Param[];
}

interface Table {
  readonly table: string;
  readonly key: Readonly<Record<string, 'bigint' | 'text'>>;
  readonly columns: Readonly<Record<string, Column>>;
}

/** A list of lists goes out as one text a row, which Postgres takes apart. */
type Column = 'bigint' | 'text' | 'int' | 'boolean' | 'json' | 'ids';

function kind<State, Key extends keyof State>(
  { table, key, columns }: Table,
  by: Pick<Kind<State, Key>, 'keyOf' | 'columns'>,
): Kind<State, Key> {
  const all: Readonly<Record<string, Column>> = { ...key, seq: 'bigint', ...columns };
  const names = Object.keys(all);
  const arrays = Object.values(all).map(
    (type, index) => `$${index + 1}::${type === 'ids' ? 'text' : type}[]`,
  );
  const values = names.map((name) =>
    all[name] === 'ids' ? `string_to_array(n.${name}, ' ')::bigint[]` : `n.${name}`,
  );
  const keys = Object.keys(key);
  const keyArrays = [...Object.values(key), 'bigint'].map((type, index) => `$${index + 1}::${type}[]`);
  return {
    ...by,
    upsert: statement(
      `write ${table}`,
      `insert into invited.${table} as t (${names.join(', ')})
       select ${values.join(', ')} from unnest(${arrays.join(', ')}) as n (${names.join(', ')})
       on conflict (${keys.join(', ')}) do update
       set ${['seq', ...Object.keys(columns)].map((name) => `${name} = excluded.${name}`).join(', ')}
       where t.seq <= excluded.seq`,
    ),
    remove: statement(
      `delete ${table}`,
      `delete from invited.${table} t using unnest(${keyArrays.join(', ')}) as n (${[...keys, 'seq'].join(', ')})
       where ${keys.map((name) => `t.${name} = n.${name}`).join(' and ')} and t.seq <= n.seq`,
    ),
  };
}

const channels = kind<StateOf<'channels'>, 'guildId' | 'id'>(
  {
    table: 'channels',
    key: { guild_id: 'bigint', id: 'bigint' },
    columns: { name: 'text', type: 'int', record: 'json' },
  },
  {
    keyOf: ({ guildId, id }) => [guildId, id],
    columns: (all) => [
      textList(all.map(({ name }) => readable(name))),
      list(all.map(({ type }) => type)),
      textList(all.map(({ record }) => record)),
    ],
  },
);

const members = kind<StateOf<'members'>, 'guildId' | 'userId'>(
  {
    table: 'members',
    key: { guild_id: 'bigint', user_id: 'bigint' },
    columns: { temporary: 'boolean', roles: 'ids' },
  },
  {
    keyOf: ({ guildId, userId }) => [guildId, userId],
    columns: (all) => [
      list(all.map(({ isTemporary }) => isTemporary)),
      textList(all.map(({ roles }) => roles.join(' '))),
    ],
  },
);

const bans = kind<StateOf<'bans'>, 'guildId' | 'userId'>(
  { table: 'bans', key: { guild_id: 'bigint', user_id: 'bigint' }, columns: { record: 'json' } },
  {
    keyOf: ({ guildId, userId }) => [guildId, userId],
    columns: (all) => [textList(all.map(({ record }) => record))],
  },
);

const ipBans = kind<StateOf<'ipBans'>, 'guildId' | 'addressKey'>(
  { table: 'ip_bans', key: { guild_id: 'bigint', address_key: 'text' }, columns: { record: 'json' } },
  {
    keyOf: ({ guildId, addressKey }) => [guildId, addressKey],
    columns: (all) => [textList(all.map(({ record }) => record))],
  },
);

const users = kind<StateOf<'users'>, 'id'>(
  { table: 'users', key: { id: 'bigint' }, columns: { username: 'text', record: 'json' } },
  {
    keyOf: ({ id }) => [id],
    columns: (all) => [
      textList(all.map(({ username }) => readable(username))),
      textList(all.map(({ record }) => record)),
    ],
  },
);

const groupDms = kind<StateOf<'groupDms'>, 'id'>(
  {
    table: 'group_dms',
    key: { id: 'bigint' },
    columns: { owner_id: 'bigint', name: 'text', recipients: 'ids', record: 'json' },
  },
  {
    keyOf: ({ id }) => [id],
    columns: (all) => [
      list(all.map(({ ownerId }) => ownerId)),
      textList(all.map(({ name }) => readable(name))),
      textList(all.map(({ recipients }) => recipients.join(' '))),
      textList(all.map(({ record }) => record)),
    ],
  },
);

type StateOf<Name extends keyof Entities> = NonNullable<Entities[Name][number]['state']>;

/** All but guilds, which must be there before, and invites. */
export async function writeEntities(session: SqlSession, entities: Entities): Promise<void> {
  await write(session, channels, entities.channels);
  await write(session, members, entities.members);
  await write(session, bans, entities.bans);
  await write(session, ipBans, entities.ipBans);
  await write(session, users, entities.users);
  await write(session, groupDms, entities.groupDms);
}

async function write<State, Key extends keyof State>(
  session: SqlSession,
  { keyOf, columns, upsert, remove }: Kind<State, Key>,
  given: readonly Entity<State, Key>[],
): Promise<void> {
  if (given.length === 0) return;
  const partsOf = (entity: Entity<State, Key>): readonly string[] =>
    isGone(entity) ? keyOf(entity) : keyOf(entity.state);
  const newest = newestOfEach(given, (entity) => partsOf(entity).join(' '));
  const gone = newest.filter((entity) => isGone(entity));
  const present = newest.filter((entity) => !isGone(entity));
  const keyColumns = (entities: readonly Entity<State, Key>[]): readonly Param[] => {
    const keys = entities.map(partsOf);
    const width = keys[0]?.length ?? 0;
    const parts = Array.from({ length: width }, (_, at) => textList(keys.map((key) => key[at] ?? null)));
    return [...parts, list(entities.map(({ seq }) => seq))];
  };
  if (gone.length > 0) await session.query(remove, keyColumns(gone));
  if (present.length > 0) {
    await session.query(upsert, [
      ...keyColumns(present),
      ...columns(present.flatMap(({ state }) => (state === null ? [] : [state]))),
    ]);
  }
}
