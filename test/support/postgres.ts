// Where the tests get a Postgres: INVITED_TEST_POSTGRES_URL, else the `postgres` of this machine, else a container; where
// there is none, they run on the embedded one alone, and say so. Every test file gets a database of its own.

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { GenericContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe } from 'vitest';
import { connectPostgres, type Sql } from '../../src/postgres/connection.js';
import { migrate } from '../../src/postgres/migrate.js';
import { Secret } from '../../src/secret.js';
import { engineHasImage } from './docker.js';
import { findPostgres, startLocalPostgres } from './local-postgres.js';
import { preparedFolder, startEmbedded } from './postgres-embedded.js';
import { removeFolder } from './remove-folder.js';

const START_MAX_MS = 120_000;
const CONNECTIONS_MAX = 4;
/** Statements of tests on a busy machine: only a test of time-outs wants short ones. */
const STATEMENT_TIMEOUT_MS = 20_000;

export interface TestPostgres {
  readonly url: string;
  /** Where it comes from, for people. */
  readonly source: string;
  stop(): Promise<void>;
}

/** Starts a Postgres from the first source that has one; null: there is none. A container comes last: it takes longest. */
async function findServer(
  env: Readonly<Record<string, string | undefined>>,
): Promise<(() => Promise<TestPostgres>) | null> {
  const given = env['INVITED_TEST_POSTGRES_URL'];
  if (given !== undefined && given !== '') return () => createDatabase(given);
  const programs = findPostgres();
  if (programs !== null) {
    return async () => ({ ...(await startLocalPostgres(programs)), source: programs });
  }
  const image = env['INVITED_TEST_POSTGRES_IMAGE'] || 'postgres:16-alpine';
  if ((await engineHasImage(image, env['DOCKER_HOST'])) !== null) return null;
  return () => startContainer(image);
}

/** null: there is no Postgres here. */
export const startTestPostgres = await findServer(process.env);

/** A database of its own in a server that is somebody's, gone again with the tests. */
async function createDatabase(serverUrl: string): Promise<TestPostgres> {
  const name = `invited_test_${randomBytes(6).toString('hex')}`;
  await asAdmin(serverUrl, `create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    source: 'INVITED_TEST_POSTGRES_URL',
    stop: () => asAdmin(serverUrl, `drop database ${name} with (force)`),
  };
}

async function asAdmin(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function startContainer(image: string): Promise<TestPostgres> {
  const container = await new GenericContainer(image)
    .withEnvironment({ POSTGRES_HOST_AUTH_METHOD: 'trust' })
    .withExposedPorts(5432)
    // The image starts it once without the network, to set it up.
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start();
  return {
    url: `postgres://postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    source: `a container of ${image}`,
    async stop() {
      await container.stop();
    },
  };
}

export function connectTo(url: string, statementTimeoutMs = STATEMENT_TIMEOUT_MS): Sql {
  return connectPostgres({ url: new Secret(url), connectionsMax: CONNECTIONS_MAX, statementTimeoutMs });
}

export interface Database {
  readonly url: string;
  readonly sql: Sql;
}

async function startTestEmbedded(): Promise<TestPostgres> {
  const dataDir = await preparedFolder();
  const embedded = await startEmbedded(dataDir);
  return {
    url: embedded.url,
    source: 'embedded',
    async stop() {
      await embedded.stop();
      await removeFolder(dataDir);
    },
  };
}

/** Whichever there is, for who needs one and not a certain one. */
export function startAnyPostgres(): Promise<TestPostgres> {
  return (startTestPostgres ?? startTestEmbedded)();
}

interface Kind {
  readonly label: string;
  /** null: not to be had here. */
  readonly start: (() => Promise<TestPostgres>) | null;
}

const SERVER: Kind = { label: 'Postgres', start: startTestPostgres };
const EMBEDDED: Kind = { label: 'the embedded Postgres', start: startTestEmbedded };

/** The same tests on each kind of Postgres there is; `database()` is migrated, and the file's own. */
export function onEachPostgres(name: string, tests: (database: () => Database) => void): void {
  for (const kind of [SERVER, EMBEDDED]) on(kind, name, tests);
}

/** For what the embedded one, being one session, can't do. */
export function onServerOnly(name: string, tests: (database: () => Database) => void): void {
  on(SERVER, name, tests);
}

function on({ label, start }: Kind, name: string, tests: (database: () => Database) => void): void {
  // Its name says why, wherever skipped tests are listed.
  const where = start === null ? `${label}, of which there is none here` : label;
  describe.skipIf(start === null)(`${name}, on ${where}`, () => {
    let server: TestPostgres | undefined;
    let database: Database | null = null;

    beforeAll(async () => {
      server = await start?.();
      if (server === undefined) return;
      database = { url: server.url, sql: connectTo(server.url) };
      await migrate(database.sql);
    }, START_MAX_MS);

    afterAll(async () => {
      await database?.sql.close();
      await server?.stop();
    });

    tests(() => {
      if (database === null) throw new Error('The database is not there yet.');
      return database;
    });
  });
}
