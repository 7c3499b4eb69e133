// What a route does, in a word, for metrics and dashboards: of few values, whatever clients send. Routes are resolved once, when they are
// made, so that counting a request needs no look-up.

/** Requests that no route is for, or that could not be read. */
const NONE = 'none';
/** Routes that have no word of their own. */
const OTHER = 'other';

const WORDS: Readonly<Record<string, string>> = {
  'GET /invites/{code}': 'read',
  'POST /invites/{code}': 'accept',
  'DELETE /invites/{code}': 'revoke',
  'PATCH /invites/{code}': 'edit',
  'POST /channels/{channel_id}/invites': 'create',
  'GET /channels/{channel_id}/invites': 'list_channel',
  'GET /guilds/{guild_id}/invites': 'list_guild',
  'GET /guilds/{guild_id}/vanity-url': 'vanity_get',
  'PATCH /guilds/{guild_id}/vanity-url': 'vanity_set',
  'GET /invite/{code}': 'share',
  'GET /{code}': 'share',
  'PUT /guilds/{guild_id}': 'guild_put',
  'GET /guilds/{guild_id}': 'guild_get',
  'DELETE /guilds/{guild_id}': 'guild_delete',
  'PUT /guilds/{guild_id}/channels/{channel_id}': 'channel_put',
  'GET /guilds/{guild_id}/channels/{channel_id}': 'channel_get',
  'DELETE /guilds/{guild_id}/channels/{channel_id}': 'channel_delete',
  'PUT /guilds/{guild_id}/members/{user_id}': 'member_put',
  'GET /guilds/{guild_id}/members/{user_id}': 'member_get',
  'DELETE /guilds/{guild_id}/members/{user_id}': 'member_delete',
  'PUT /guilds/{guild_id}/bans/{user_id}': 'ban_put',
  'GET /guilds/{guild_id}/bans/{user_id}': 'ban_get',
  'DELETE /guilds/{guild_id}/bans/{user_id}': 'ban_delete',
  'PUT /guilds/{guild_id}/ip-bans/{address}': 'ip_ban_put',
  'GET /guilds/{guild_id}/ip-bans/{address}': 'ip_ban_get',
  'DELETE /guilds/{guild_id}/ip-bans/{address}': 'ip_ban_delete',
  'PUT /group-dms/{channel_id}': 'group_dm_put',
  'GET /group-dms/{channel_id}': 'group_dm_get',
  'DELETE /group-dms/{channel_id}': 'group_dm_delete',
  'PUT /users/{user_id}': 'user_put',
  'GET /users/{user_id}': 'user_get',
  'DELETE /users/{user_id}': 'user_delete',
  'POST /users/{user_id}/disconnect': 'disconnect',
  'POST /import': 'import',
  'GET /events': 'events',
  'GET /consumers': 'consumers',
  'DELETE /consumers/{name}': 'consumer_forget',
  'GET /guilds/{guild_id}/joins': 'joins',
  'GET /healthz': 'healthz',
  'GET /readyz': 'readyz',
  'GET /metrics': 'metrics',
};

/** The number of a verb is its place here. */
export const VERBS: readonly string[] = [NONE, OTHER, ...new Set(Object.values(WORDS))];

export const NO_VERB = VERBS.indexOf(NONE);

/** The number of what a route does. */
export function verbOf(method: string, path: string): number {
  return VERBS.indexOf(WORDS[`${method} ${path}`] ?? OTHER);
}
