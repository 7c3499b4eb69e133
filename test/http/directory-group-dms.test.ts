// Group DMs in the directory: who is in, what a PUT changes at once, and what goes with a deletion.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  accept,
  asService,
  createInvite,
  type Host,
  internalDelete,
  internalGet,
  join,
  makeGroupDm,
  makeUser,
  memberCountOf,
  put,
  startHost,
  type TestGroupDm,
} from '../support/directory.js';
import {
  expectCommonHeaders,
  expectError,
  expectInvalid,
  expectNoContent,
} from '../support/expect-answer.js';
import { snowflake, snowflakes } from '../support/ids.js';

const RECIPIENTS_MAX = 50;

let host: Host;
beforeAll(async () => {
  host = await startHost();
});
afterAll(() => host.stop());

const tryPut = (id: string, body: unknown) =>
  host.admin.put(`/internal/v1/group-dms/${id}`, asService({ json: body }));
const tell = (dm: TestGroupDm, recipients: readonly string[], owner_id = dm.ownerId) =>
  put(host, `/group-dms/${dm.id}`, { name: null, owner_id, recipients });
const recipientsOf = async (id: string): Promise<readonly unknown[]> =>
  [...((await internalGet(host, `/group-dms/${id}`)).object()['recipients'] as readonly unknown[])].sort();
const create = (dm: TestGroupDm, as: string) => host.api.post(`/v1/channels/${dm.id}/invites`, { as });

describe('a PUT of a group DM', () => {
  it('answers with what is stored and the common headers', async () => {
    const id = snowflake();
    const [owner_id = '', other = ''] = snowflakes(2);
    const body = { name: 'Zwei & Drei', owner_id, recipients: [owner_id, other] };
    const answer = await tryPut(id, body);
    expect(answer.status).toBe(200);
    expect(answer.object()).toMatchObject({ id, ...body });
    expectCommonHeaders(answer);
    expect((await tryPut(id, body)).json()).toEqual(answer.json());
    expect(await recipientsOf(id)).toEqual([owner_id, other].sort());
  });

  it.each([undefined, null])('has no name when told %s, also after it had one', async (name) => {
    const dm = await makeGroupDm(host, [], { name: 'old' });
    const body = { name, owner_id: dm.ownerId, recipients: dm.recipients };
    expect(await put(host, `/group-dms/${dm.id}`, body)).toMatchObject({ name: null });
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    expect((await host.api.get(`/v1/invites/${code}`)).object()).toMatchObject({ channel: { name: null } });
  });

  it('takes 50 recipients and no more', async () => {
    const owner = snowflake();
    const dm = await makeGroupDm(host, snowflakes(RECIPIENTS_MAX - 1));
    expect(await recipientsOf(dm.id)).toHaveLength(RECIPIENTS_MAX);
    const id = snowflake();
    const body = { name: null, owner_id: owner, recipients: [owner, ...snowflakes(RECIPIENTS_MAX)] };
    expectInvalid(await tryPut(id, body), 'recipients');
    expectError(await internalGet(host, `/group-dms/${id}`), 404, 'UNKNOWN_CHANNEL');
  });

  it.each<readonly [string, unknown, string]>([
    ['no owner', { recipients: ['5'] }, 'owner_id'],
    ['an owner of null', { owner_id: null, recipients: ['5'] }, 'owner_id'],
    ['an owner that is a number', { owner_id: 5, recipients: ['5'] }, 'owner_id'],
    ['no recipients', { owner_id: '5' }, 'recipients'],
    ['recipients of nobody', { owner_id: '5', recipients: [] }, 'recipients'],
    ['recipients that are a string', { owner_id: '5', recipients: '5' }, 'recipients'],
    ['recipients without the owner', { owner_id: '5', recipients: ['6', '7'] }, 'recipients'],
    ['a name that is a number', { name: 5, owner_id: '5', recipients: ['5'] }, 'name'],
    ['a name that is an object', { name: {}, owner_id: '5', recipients: ['5'] }, 'name'],
  ])('is refused for %s, and changes nothing', async (_what, body, path) => {
    const dm = await makeGroupDm(host, [snowflake()], { name: 'kept' });
    const before = (await internalGet(host, `/group-dms/${dm.id}`)).json();
    expectInvalid(await tryPut(dm.id, body), path);
    expect((await internalGet(host, `/group-dms/${dm.id}`)).json()).toEqual(before);
  });

  it.each([6, '06', '-6', null, '', ['6']])('is refused for the recipient %j', async (recipient) => {
    const answer = await tryPut(snowflake(), { owner_id: '5', recipients: ['5', recipient] });
    expectInvalid(answer);
    expect(answer.text).toContain('"path":"recipients');
  });

  it('lets new recipients in and old ones out at once', async () => {
    const [before, after] = [snowflake(), snowflake()];
    const dm = await makeGroupDm(host, [before]);
    expect((await create(dm, before)).status).toBe(200);
    expectError(await create(dm, after), 404, 'UNKNOWN_CHANNEL');
    await tell(dm, [dm.ownerId, after]);
    expectError(await create(dm, before), 404, 'UNKNOWN_CHANNEL');
    expect((await create(dm, after)).status).toBe(200);
  });

  it('gives the rights of the owner to a new one at once', async () => {
    const next = snowflake();
    const dm = await makeGroupDm(host, [next]);
    const list = (as: string) => host.api.get(`/v1/channels/${dm.id}/invites`, { as });
    expect((await list(dm.ownerId)).status).toBe(200);
    expectError(await list(next), 403, 'MISSING_PERMISSIONS');
    await tell(dm, dm.recipients, next);
    expectError(await list(dm.ownerId), 403, 'MISSING_PERMISSIONS');
    expect((await list(next)).status).toBe(200);
  });

  it('keeps the invites and their uses, and tells its recipients and their count anew', async () => {
    const name = `user ${snowflake()}`;
    const known = await makeUser(host, { username: name });
    const dm = await makeGroupDm(host);
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    await join(host, code, snowflake());
    expect(await memberCountOf(host, code)).toBe(2);
    await tell(dm, [dm.ownerId, known, snowflake(), snowflake()]);
    const seen = (await host.api.get(`/v1/invites/${code}?with_counts=true`, asService())).object();
    expect(seen).toMatchObject({ uses: 1, approximate_member_count: 4, approximate_presence_count: 0 });
    const { recipients } = seen['channel'] as { readonly recipients: readonly { username: unknown }[] };
    const names = recipients.map(({ username }) => username);
    expect(names).toHaveLength(4);
    expect(names.filter((each) => each === null)).toHaveLength(3);
    expect(names).toContain(name);
  });

  it('that takes somebody out lets another in where it was full, and the one out come back', async () => {
    const others = snowflakes(RECIPIENTS_MAX - 1);
    const dm = await makeGroupDm(host, others);
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    expectError(await accept(host, code, snowflake()), 400, 'MAX_GROUP_DM_RECIPIENTS');
    expect((await accept(host, code, others[0] ?? '')).object()).toMatchObject({ new_member: false });
    await tell(dm, [dm.ownerId, ...others.slice(1)]);
    await join(host, code, others[0] ?? '');
    expectError(await accept(host, code, snowflake()), 400, 'MAX_GROUP_DM_RECIPIENTS');
  });
});

describe('the recipients', () => {
  it('have those who accepted in them, and nobody twice', async () => {
    const dm = await makeGroupDm(host);
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    const users = snowflakes(20);
    await Promise.all([...users, ...users].map((user) => accept(host, code, user)));
    expect(await recipientsOf(dm.id)).toEqual([dm.ownerId, ...users].sort());
    expect(await memberCountOf(host, code)).toBe(21);
  });
});

describe('a deletion', () => {
  it('answers 204 once, and 404 from then on', async () => {
    const dm = await makeGroupDm(host);
    expectNoContent(await internalDelete(host, `/group-dms/${dm.id}`));
    expectError(await internalDelete(host, `/group-dms/${dm.id}`), 404, 'UNKNOWN_CHANNEL');
    expectError(await internalGet(host, `/group-dms/${dm.id}`), 404, 'UNKNOWN_CHANNEL');
  });

  it('succeeds exactly once for 30 requests at once', async () => {
    const dm = await makeGroupDm(host);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => internalDelete(host, `/group-dms/${dm.id}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(29).fill(404)]);
  });

  it('ends its invites for each verb alike, and no others', async () => {
    const [dm, other] = [await makeGroupDm(host), await makeGroupDm(host)];
    const gone = await createInvite(host, dm.id, dm.ownerId);
    const kept = await createInvite(host, other.id, other.ownerId);
    expectNoContent(await internalDelete(host, `/group-dms/${dm.id}`));
    expectError(await host.api.get(`/v1/invites/${gone.code}`), 404, 'UNKNOWN_INVITE');
    expectError(await accept(host, gone.code, snowflake()), 404, 'UNKNOWN_INVITE');
    expectError(await host.api.delete(`/v1/invites/${gone.code}`, asService()), 404, 'UNKNOWN_INVITE');
    expectError(await create(dm, dm.ownerId), 404, 'UNKNOWN_CHANNEL');
    expectError(await host.api.get(`/v1/channels/${dm.id}/invites`, asService()), 404, 'UNKNOWN_CHANNEL');
    await join(host, kept.code, snowflake());
  });

  it('is not undone by the group DM that is put again', async () => {
    const guest = snowflake();
    const dm = await makeGroupDm(host);
    const { code } = await createInvite(host, dm.id, dm.ownerId);
    await join(host, code, guest);
    expectNoContent(await internalDelete(host, `/group-dms/${dm.id}`));
    await tell(dm, dm.recipients);
    expect(await recipientsOf(dm.id)).toEqual([dm.ownerId]);
    expectError(await host.api.get(`/v1/invites/${code}`), 404, 'UNKNOWN_INVITE');
    const list = await host.api.get(`/v1/channels/${dm.id}/invites`, { as: dm.ownerId });
    expect(list.json()).toEqual([]);
    const fresh = await createInvite(host, dm.id, dm.ownerId);
    await join(host, fresh.code, guest);
  });
});
