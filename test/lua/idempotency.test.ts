import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeIn, newId, type Reply, rowOf, World, worlds } from './world.js';

describe.each(worlds)('create.lua with an Idempotency-Key, on a %s server', (kind) => {
  let world: World;
  beforeAll(async () => {
    world = await World.open(kind);
  });
  afterAll(() => world.close());

  interface Place {
    readonly id: string;
    readonly channelId: string;
  }
  const create = (
    place: Place,
    digest: string,
    body = 'body',
    { unique = 1, limit = 1000, caller = ['1', 1, ''] as readonly (string | number)[] } = {},
  ): Promise<Reply> =>
    world.at(
      place.id,
      'create',
      codeIn(place.id),
      place.id === place.channelId ? '' : place.id,
      place.channelId,
      ...caller,
      60,
      3,
      1,
      unique,
      limit,
      digest,
      body,
    );
  const keep = (place: Place, digest: string, answer: string, body = 'body') =>
    world.at(place.id, 'answer-keep', digest, body, answer);
  const key = (place: Place, digest: string) => world.key(place.id, `idempotency:${digest}`);
  const invitesOf = (guild: Place) => world.redis.zcard(world.key(guild.id, `guild:${guild.id}:invites`));

  it.each(['guild', 'group DM'])(
    'gives the row of the first again, and makes one invite of a %s',
    async (what) => {
      const place = what === 'guild' ? await world.guild() : await world.groupDm([newId(), '31']);
      const digest = `digest-${newId()}`;
      const first = await create(place, digest);
      expect(first[0]).toBe('created');
      const events = await world.events(place.id, 9);
      const second = await create(place, digest);
      // To the last field, also where lists and empty ones are among them.
      expect(second).toEqual(['replayed_row', first[1]]);
      expect(await world.events(place.id, 9)).toEqual(events);
      expect(await world.redis.ttl(key(place, digest))).toBeGreaterThan(86_390);
      expect(await world.redis.ttl(key(place, digest))).toBeLessThanOrEqual(86_400);
    },
  );

  it('gives the finished answer once there is one: the first that was offered', async () => {
    const guild = await world.guild();
    const digest = `digest-${newId()}`;
    await create(guild, digest);
    await world.redis.expire(key(guild, digest), 500);
    expect(await keep(guild, digest, '{"first":"\u00fc"}')).toEqual(['kept', '{"first":"\u00fc"}']);
    expect(await keep(guild, digest, '{"second":1}')).toEqual(['kept', '{"first":"\u00fc"}']);
    expect(await create(guild, digest)).toEqual(['replayed', '{"first":"\u00fc"}']);
    // What was only needed until then is gone, and the day goes on.
    expect((await world.redis.hkeys(key(guild, digest))).sort()).toEqual(['answer', 'body']);
    expect(await world.redis.ttl(key(guild, digest))).toBeLessThanOrEqual(500);
  });

  it('refuses another body, before and after the answer is finished', async () => {
    const guild = await world.guild();
    const digest = `digest-${newId()}`;
    await create(guild, digest, 'one');
    expect(await create(guild, digest, 'two')).toEqual(['key_reused']);
    expect(await keep(guild, digest, '{}', 'two')).toEqual(['gone']);
    await keep(guild, digest, '{}', 'one');
    expect(await create(guild, digest, 'two')).toEqual(['key_reused']);
    expect(await create(guild, digest, 'one')).toEqual(['replayed', '{}']);
    expect(await invitesOf(guild)).toBe(1);
  });

  it('replays at the limit, and after the invite has ended', async () => {
    const guild = await world.guild();
    const digest = `digest-${newId()}`;
    const first = await create(guild, digest, 'body', { limit: 1 });
    expect(await create(guild, `other-${digest}`, 'body', { limit: 1 })).toEqual(['max_invites']);
    expect((await create(guild, digest, 'body', { limit: 1 }))[0]).toBe('replayed_row');
    await world.at(guild.id, 'revoke', String(rowOf(first).code), '', '1', 1, '', '*');
    expect(await create(guild, digest)).toEqual(['replayed_row', first[1]]);
  });

  it('keeps no refusal', async () => {
    const guild = await world.guild();
    const digest = `digest-${newId()}`;
    const stranger = { caller: [newId(), 0, ''] };
    expect(await create(guild, digest, 'one', stranger)).toEqual(['missing_permissions']);
    expect(await create(guild, digest, 'one', { limit: 0 })).toEqual(['max_invites']);
    expect(await create({ id: guild.id, channelId: newId() }, digest)).toEqual(['unknown_channel']);
    expect(await world.redis.exists(key(guild, digest))).toBe(0);
    expect((await create(guild, digest, 'two'))[0]).toBe('created');
  });

  it('keeps the answer that found an own invite, too', async () => {
    const guild = await world.guild();
    const digest = `digest-${newId()}`;
    const own = await create(guild, '', '', {});
    const reused = await create(guild, digest, 'body', { unique: 0 });
    expect(reused[0]).toBe('reused');
    expect(rowOf(reused).code).toBe(rowOf(own).code);
    await create(guild, '');
    expect(await create(guild, digest, 'body', { unique: 0 })).toEqual(['replayed_row', reused[1]]);
  });

  it('without a key keeps nothing', async () => {
    const guild = await world.guild();
    expect((await create(guild, ''))[0]).toBe('created');
    expect((await create(guild, ''))[0]).toBe('created');
    expect(await world.redis.exists(key(guild, ''))).toBe(0);
  });

  it('answer-keep.lua brings nothing back that is gone', async () => {
    const guild = await world.guild();
    expect(await keep(guild, 'never', '{}')).toEqual(['gone']);
    expect(await world.redis.exists(key(guild, 'never'))).toBe(0);
  });
});
