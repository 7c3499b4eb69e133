// What most tests begin with: a running server, and a guild, group DM, member or invite in it, made over HTTP.
// Every builder fails loudly unless the server took what it was told. Must never look into Redis.

import { expect } from 'vitest';
import { type Answer, type Call, type Client, createClient, type JsonObject } from './client.js';
import { snowflake } from './ids.js';
import { startServer, type TestServer } from './server.js';

export const PERMISSION = {
  CREATE_INSTANT_INVITE: 1n << 0n,
  ADMINISTRATOR: 1n << 3n,
  MANAGE_CHANNELS: 1n << 4n,
  MANAGE_GUILD: 1n << 5n,
  VIEW_CHANNEL: 1n << 10n,
} as const;

export const CHANNEL_TYPE = { text: 0, voice: 2, groupDm: 3, category: 4 } as const;

/** The decimal bit field of some permissions. */
export function bits(...names: readonly (keyof typeof PERMISSION)[]): string {
  return String(names.reduce((all, name) => all | PERMISSION[name], 0n));
}

export interface Host {
  readonly server: TestServer;
  readonly api: Client;
  readonly admin: Client;
  stop(): Promise<void>;
}

export async function startHost(env: Readonly<Record<string, string>> = {}): Promise<Host> {
  const server = await startServer(env);
  const api = createClient(server.url, server.secret, 'public');
  const admin = createClient(server.adminUrl, server.secret, 'admin');
  return {
    server,
    api,
    admin,
    async stop() {
      api.close();
      admin.close();
      await server.stop();
    },
  };
}

const SERVICE_ID = '1';

/** The call of a `service`, which the directory is told by. */
export function asService(call: Call = {}): Call {
  return { as: SERVICE_ID, role: 'service', ...call };
}

/** PUTs a directory entry, `path` without the base; gives what the server says it has stored. */
export async function put(host: Host, path: string, body?: unknown): Promise<JsonObject> {
  const answer = await host.admin.put(
    `/internal/v1${path}`,
    asService(body === undefined ? {} : { json: body }),
  );
  expect(answer.status, `PUT ${path}: ${answer.text}`).toBe(200);
  return answer.object();
}

export function internalGet(host: Host, path: string): Promise<Answer> {
  return host.admin.get(`/internal/v1${path}`, asService());
}

export function internalDelete(host: Host, path: string): Promise<Answer> {
  return host.admin.delete(`/internal/v1${path}`, asService());
}

/** DELETEs a directory entry that is there. */
export async function remove(host: Host, path: string): Promise<void> {
  const answer = await internalDelete(host, path);
  expect(answer.status, `DELETE ${path}: ${answer.text}`).toBe(204);
}

export interface RoleFields {
  readonly id: string;
  readonly permissions: string;
}

export interface GuildFields {
  readonly id?: string;
  readonly name?: string;
  readonly owner_id?: string;
  readonly icon_hash?: string | null;
  readonly banner_hash?: string | null;
  readonly splash_hash?: string | null;
  readonly features?: readonly string[];
  readonly roles?: readonly RoleFields[];
  readonly max_members?: number | null;
  readonly member_count?: number | null;
  readonly presence_count?: number | null;
}

export interface TestGuild {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  /** Its one text channel, `general`. */
  readonly channelId: string;
}

export async function makeGuild(host: Host, fields: GuildFields = {}): Promise<TestGuild> {
  const { id = snowflake(), ...rest } = fields;
  const record = { name: 'Test Guild', owner_id: snowflake(), ...rest };
  await put(host, `/guilds/${id}`, record);
  const channelId = await makeChannel(host, id);
  return { id, name: record.name, ownerId: record.owner_id, channelId };
}

/** Tells a guild anew: what isn't named is left out. */
export async function putGuild(host: Host, guild: TestGuild, fields: GuildFields): Promise<void> {
  await put(host, `/guilds/${guild.id}`, { name: guild.name, owner_id: guild.ownerId, ...fields });
}

export interface Overwrite {
  readonly id: string;
  readonly type: 0 | 1;
  readonly allow: string;
  readonly deny: string;
}

export interface ChannelFields {
  readonly id?: string;
  readonly name?: string;
  readonly type?: number;
  readonly position?: number;
  readonly permission_overwrites?: readonly Overwrite[];
}

export async function makeChannel(host: Host, guildId: string, fields: ChannelFields = {}): Promise<string> {
  const { id = snowflake(), ...rest } = fields;
  await put(host, `/guilds/${guildId}/channels/${id}`, {
    name: 'general',
    type: CHANNEL_TYPE.text,
    position: 0,
    ...rest,
  });
  return id;
}

export interface MemberFields {
  readonly id?: string;
  readonly roles?: readonly string[];
  readonly temporary?: boolean;
}

export async function makeMember(host: Host, guildId: string, fields: MemberFields = {}): Promise<string> {
  const { id = snowflake(), ...rest } = fields;
  await put(host, `/guilds/${guildId}/members/${id}`, { roles: [], ...rest });
  return id;
}

export async function ban(host: Host, guildId: string, userId: string): Promise<void> {
  await put(host, `/guilds/${guildId}/bans/${userId}`);
}

export async function banIp(host: Host, guildId: string, address: string): Promise<void> {
  await put(host, `/guilds/${guildId}/ip-bans/${address}`);
}

export interface TestGroupDm {
  readonly id: string;
  readonly ownerId: string;
  /** Everybody in it, the owner first. */
  readonly recipients: readonly string[];
}

/** A group DM of its owner and `others`. */
export async function makeGroupDm(
  host: Host,
  others: readonly string[] = [],
  fields: { readonly id?: string; readonly name?: string | null } = {},
): Promise<TestGroupDm> {
  const { id = snowflake(), name = null } = fields;
  const ownerId = snowflake();
  const recipients = [ownerId, ...others];
  await put(host, `/group-dms/${id}`, { name, owner_id: ownerId, recipients });
  return { id, ownerId, recipients };
}

export interface UserFields {
  readonly id?: string;
  readonly username?: string;
  readonly discriminator?: number;
  readonly avatar_hash?: string | null;
}

export async function makeUser(host: Host, fields: UserFields = {}): Promise<string> {
  const { id = snowflake(), ...rest } = fields;
  await put(host, `/users/${id}`, { username: 'someone', discriminator: 1, avatar_hash: null, ...rest });
  return id;
}

export interface InviteFields {
  readonly max_age?: number;
  readonly max_uses?: number;
  readonly temporary?: boolean;
  readonly unique?: boolean;
}

/** An invite as far as tests read single fields of it. */
export interface Invite extends JsonObject {
  readonly code: string;
  readonly created_at: string;
}

export function decodeInvite(answer: Answer): Invite {
  expect(answer.status, answer.text).toBe(200);
  const invite = answer.object();
  const { code, created_at } = invite as { readonly code?: unknown; readonly created_at?: unknown };
  if (typeof code !== 'string' || typeof created_at !== 'string')
    throw new Error(`no invite: ${answer.text}`);
  return { ...invite, code, created_at };
}

/** An invite that `as` makes; never ends by itself unless `fields` say so. */
export async function createInvite(
  host: Host,
  channelId: string,
  as: string,
  fields: InviteFields = {},
): Promise<Invite> {
  return decodeInvite(
    await host.api.post(`/api/v1/channels/${channelId}/invites`, { as, json: { max_age: 0, ...fields } }),
  );
}

export function accept(host: Host, code: string, userId: string): Promise<Answer> {
  return host.api.post(`/api/v1/invites/${code}`, { as: userId });
}

/** Accepts, and fails unless the user is a new member by it. */
export async function join(host: Host, code: string, userId: string): Promise<void> {
  const answer = await accept(host, code, userId);
  expect(answer.status, answer.text).toBe(200);
  expect(answer.object()['new_member']).toBe(true);
}

/** The uses of a live invite. */
export async function usesOf(host: Host, code: string): Promise<unknown> {
  return decodeInvite(await host.api.get(`/api/v1/invites/${code}`, asService()))['uses'];
}

/** The member count that a live invite tells. */
export async function memberCountOf(host: Host, code: string): Promise<unknown> {
  return decodeInvite(await host.api.get(`/api/v1/invites/${code}?with_counts=true`))[
    'approximate_member_count'
  ];
}

export async function isMember(host: Host, guildId: string, userId: string): Promise<boolean> {
  const answer = await internalGet(host, `/guilds/${guildId}/members/${userId}`);
  expect([200, 404]).toContain(answer.status);
  return answer.status === 200;
}

/** Sets a vanity code as the guild's owner; the guild must have the feature. */
export async function setVanity(host: Host, guild: TestGuild, code: string): Promise<void> {
  const answer = await host.api.patch(`/api/v1/guilds/${guild.id}/vanity-url`, {
    as: guild.ownerId,
    json: { code },
  });
  expect(answer.status, answer.text).toBe(200);
}

export interface ImportResult {
  readonly applied: number;
  readonly failed: readonly { readonly line: number; readonly code: string; readonly message: string }[];
  readonly failed_total: number;
}

export async function importLines(host: Host, lines: readonly unknown[]): Promise<ImportResult> {
  return importText(host, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

export async function importText(host: Host, text: string | Uint8Array): Promise<ImportResult> {
  const answer = await host.admin.post('/internal/v1/import', asService({ body: text }));
  expect(answer.status, answer.text).toBe(200);
  return answer.json() as ImportResult;
}

/** An import line of an invite that never ends by itself, made by nobody known. */
export function inviteLine(channelId: string, fields: JsonObject): JsonObject {
  return {
    put: 'invite',
    channel_id: channelId,
    inviter_id: snowflake(),
    created_at: '2026-03-01T10:00:00.000Z',
    max_age: 0,
    max_uses: 0,
    uses: 0,
    temporary: false,
    ...fields,
  };
}
