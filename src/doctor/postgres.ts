// Is this Postgres one that the copy can be trusted to? Judges what was read of it (postgres/examine.ts).

import type { Config } from '../config.js';
import type { PostgresFacts, PostgresVisit } from '../postgres/examine.js';
import { OLDEST_VERSION, type SchemaState } from '../postgres/migrate.js';
import { PostgresUnavailable } from '../postgres/unavailable.js';
import { StartError } from '../start-error.js';
import { judgeClock } from './clock.js';
import { type Finding, ok, problem, warning } from './finding.js';

/** Connections of a worker, and of the jobs process with its threads. */
const CONNECTIONS_A_WORKER = 2;
const CONNECTIONS_OF_JOBS = 6;

export interface PostgresUse {
  /** The one of the data folder: it has one session, and settings of ours. */
  readonly isEmbedded: boolean;
}

export async function checkPostgres(
  config: Config,
  { isEmbedded }: PostgresUse,
  visit: () => PostgresVisit,
): Promise<readonly Finding[]> {
  try {
    const visited = visit();
    const facts = await visited.facts();
    const schema = await visited.schema().catch((error: unknown) => {
      if (error instanceof StartError) return error;
      throw error;
    });
    return judgePostgres(config, { isEmbedded }, facts, schema);
  } catch (error) {
    return [unreachable(error)];
  }
}

/** @param schema the StartError of one that this program must not use */
export function judgePostgres(
  config: Config,
  { isEmbedded }: PostgresUse,
  facts: PostgresFacts,
  schema: SchemaState | StartError,
): readonly Finding[] {
  return [
    version(facts),
    schemaFinding(facts, schema),
    ...(isEmbedded ? [] : [durability(facts), connections(config, facts)]),
    writable(facts),
    judgeClock('postgres.clock', 'Postgres', facts.clock),
  ];
}

const FIXES: Readonly<Record<string, string>> = {
  '28P01': 'the right password in INVITED_POSTGRES_URL (postgres://user:password@host/database)',
  '28000': 'the right user in INVITED_POSTGRES_URL, and a line for him in pg_hba.conf',
  '3D000': 'the name of a database that is there in INVITED_POSTGRES_URL, or CREATE DATABASE',
  '53300': 'a larger max_connections, or fewer clients',
  '57P03': 'wait until Postgres has started',
  ECONNREFUSED: 'start Postgres there, or its host and port in INVITED_POSTGRES_URL',
  ENOENT: 'start Postgres there, or the folder of its socket in INVITED_POSTGRES_URL',
  ENOTFOUND: 'the name of the host in INVITED_POSTGRES_URL',
};

function unreachable(error: unknown): Finding {
  if (error instanceof StartError) return problem('postgres', error.message, 'INVITED_POSTGRES_URL');
  const reason = error instanceof PostgresUnavailable ? /\((.+)\)$/.exec(error.message)?.[1] : undefined;
  const fix =
    FIXES[reason ?? ''] ??
    'host and port in INVITED_POSTGRES_URL, ?sslmode=require where it wants TLS, and the firewall between';
  return problem(
    'postgres',
    `Postgres can't be used: ${reason ?? 'it refused a question'}; invites are served, and not copied`,
    fix,
  );
}

function version({ version: found }: PostgresFacts): Finding {
  if (found >= OLDEST_VERSION) return ok('postgres.version', `Postgres ${found}`);
  return problem(
    'postgres.version',
    `Postgres ${found}; ${OLDEST_VERSION} or later is needed`,
    `Postgres ${OLDEST_VERSION} or later`,
  );
}

function schemaFinding({ mayCreate }: PostgresFacts, schema: SchemaState | StartError): Finding {
  const name = 'postgres.schema';
  if (schema instanceof StartError)
    return problem(name, schema.message, 'the newer invited, or another database');
  const { versionKnown, versionApplied, missing } = schema;
  if (missing === 0) return ok(name, `version ${versionApplied}, up to date`);
  const found =
    versionApplied === 0
      ? 'there is no schema yet'
      : `version ${versionApplied}, this program knows ${versionKnown}`;
  // Whoever made the schema owns it, and may change it; only for a new one the database must let us.
  if (versionApplied > 0 || mayCreate) return ok(name, `${found}; the next start brings it up to date`);
  return problem(name, `${found}, and this user may not make it`, 'GRANT CREATE ON DATABASE … TO our user');
}

function durability({ fsync, synchronousCommit }: PostgresFacts): Finding {
  const name = 'postgres.durability';
  const found = `fsync ${fsync}, synchronous_commit ${synchronousCommit}`;
  if (fsync !== 'on') {
    return problem(
      name,
      `${found}: a power cut can destroy the database`,
      'ALTER SYSTEM SET fsync = on, then SELECT pg_reload_conf()',
    );
  }
  if (synchronousCommit !== 'off') return ok(name, found);
  return warning(
    name,
    `${found}: what was trimmed from Redis as copied can be lost in a power cut`,
    'ALTER SYSTEM SET synchronous_commit = on, then SELECT pg_reload_conf()',
  );
}

function connections({ workers }: Config, facts: PostgresFacts): Finding {
  const name = 'postgres.connections';
  const wanted = workers * CONNECTIONS_A_WORKER + CONNECTIONS_OF_JOBS;
  const free = facts.connectionsMax - facts.connectionsReserved - facts.connectionsUsed;
  const found = `${facts.connectionsUsed} of ${facts.connectionsMax} in use, ${facts.connectionsReserved} kept for superusers; a server takes up to ${wanted}`;
  if (free + facts.connectionsOurs >= wanted) return ok(name, found);
  return warning(
    name,
    found,
    `ALTER SYSTEM SET max_connections = ${facts.connectionsMax + wanted}, then restart Postgres; or fewer clients`,
  );
}

function writable({ isReadOnly }: PostgresFacts): Finding {
  const name = 'postgres.writable';
  if (!isReadOnly) return ok(name, 'it takes changes');
  return problem(
    name,
    'it takes no changes: a standby, or default_transaction_read_only',
    'the address of the primary in INVITED_POSTGRES_URL',
  );
}
