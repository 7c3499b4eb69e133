// What is known of the copy as a whole: the epoch of the data it is of, and whether it holds anything.

import { type SqlSession, statement } from './connection.js';

const EPOCH = statement('read the epoch', `select value from invited.meta where key = 'epoch'`);
const SET_EPOCH = statement(
  'set the epoch',
  `insert into invited.meta (key, value) values ('epoch', $1) on conflict (key) do nothing`,
);
const HAS_DATA = statement(
  'look for data',
  `select exists (select from invited.guilds) or exists (select from invited.invites) or exists (select from invited.users)
     or exists (select from invited.group_dms) or exists (select from invited.joins) as "hasData"`,
);

/** null: nobody has set one. */
export async function epoch(sql: SqlSession): Promise<string | null> {
  const [row] = await sql.query<{ value: string }>(EPOCH);
  return row?.value ?? null;
}

/** The first one to be set stands for ever; gives that. */
export async function setEpoch(sql: SqlSession, value: string): Promise<string> {
  await sql.query(SET_EPOCH, [value]);
  return (await epoch(sql)) ?? value;
}

/** Is there anything that Redis could be rebuilt from? */
export async function hasData(sql: SqlSession): Promise<boolean> {
  const [row] = await sql.query<{ hasData: boolean }>(HAS_DATA);
  return row?.hasData ?? false;
}
