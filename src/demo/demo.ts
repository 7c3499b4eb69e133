// The demo that `npm start` loads once: a guild with roles and channels, a group DM, four users, some invites and a
// vanity, so that the first curl line has something to show. Must never touch anything once it was loaded.

import type { Engine } from '../engine/engine.js';
import type { Snowflake } from '../invite/id.js';
import { CREATE_INSTANT_INVITE, MANAGE_CHANNELS, MANAGE_GUILD, VIEW_CHANNEL } from '../invite/permissions.js';

const id = (text: string): Snowflake => text as Snowflake;

export const DEMO = {
  guildId: id('100000000000000001'),
  generalId: id('100000000000000011'),
  groupDmId: id('100000000000000021'),
  ownerId: id('100000000000000101'),
  managerId: id('100000000000000102'),
  memberId: id('100000000000000103'),
  strangerId: id('100000000000000104'),
  openCode: 'Welcome1',
  vanityCode: 'demo-guild',
} as const;

const MODERATOR_ROLE = id('100000000000000031');
const STAFF_CHANNEL = id('100000000000000012');
const VOICE_CHANNEL = id('100000000000000013');

const EVERYONE = String(CREATE_INSTANT_INVITE | VIEW_CHANNEL);
const MODERATOR = String(MANAGE_CHANNELS | MANAGE_GUILD);

/** Loads the demo; safe to run again after it was cut off half-way. */
export async function loadDemo(engine: Engine): Promise<void> {
  const names = [
    [DEMO.ownerId, 'ada', 1],
    [DEMO.managerId, 'grace', 2],
    [DEMO.memberId, 'linus', 3],
    [DEMO.strangerId, 'margaret', 4],
  ] as const;
  for (const [userId, username, discriminator] of names) {
    await engine.putUser({ id: userId, username, discriminator, avatar_hash: null });
  }
  await engine.putGuild({
    id: DEMO.guildId,
    name: 'Demo Guild',
    owner_id: DEMO.ownerId,
    icon_hash: null,
    banner_hash: null,
    splash_hash: null,
    features: ['VANITY_URL'],
    roles: [
      { id: DEMO.guildId, permissions: EVERYONE },
      { id: MODERATOR_ROLE, permissions: MODERATOR },
    ],
    max_members: 1_000_000,
    member_count: null,
    presence_count: 2,
  });
  await putChannels(engine);
  await putMembers(engine);
  await putInvites(engine);
}

async function putChannels(engine: Engine): Promise<void> {
  const channel = { guild_id: DEMO.guildId, permission_overwrites: [] };
  await engine.putChannel({ ...channel, id: DEMO.generalId, name: 'general', type: 0, position: 0 });
  await engine.putChannel({ ...channel, id: VOICE_CHANNEL, name: 'lounge', type: 2, position: 2 });
  await engine.putChannel({
    ...channel,
    id: STAFF_CHANNEL,
    name: 'staff',
    type: 0,
    position: 1,
    permission_overwrites: [
      { id: DEMO.guildId, type: 0, allow: '0', deny: String(VIEW_CHANNEL) },
      { id: MODERATOR_ROLE, type: 0, allow: String(VIEW_CHANNEL), deny: '0' },
    ],
  });
}

async function putMembers(engine: Engine): Promise<void> {
  const member = { guild_id: DEMO.guildId, temporary: false };
  await engine.putMember({ ...member, user_id: DEMO.managerId, roles: [MODERATOR_ROLE] });
  await engine.putMember({ ...member, user_id: DEMO.memberId, roles: [] });
  await engine.putGroupDm({
    id: DEMO.groupDmId,
    name: 'Demo group',
    owner_id: DEMO.ownerId,
    recipients: [DEMO.ownerId, DEMO.managerId],
  });
}

async function putInvites(engine: Engine): Promise<void> {
  const invite = { inviter_id: DEMO.managerId, created_at_ms: null, uses: 0, temporary: false };
  const toGeneral = { ...invite, channel_id: DEMO.generalId };
  await engine.putInvite({ ...toGeneral, code: DEMO.openCode, max_age: 0, max_uses: 0 });
  await engine.putInvite({ ...toGeneral, code: 'ForAWeek', max_age: 604_800, max_uses: 100 });
  await engine.putInvite({ ...toGeneral, code: 'JustAVisit', max_age: 0, max_uses: 0, temporary: true });
  await engine.putInvite({
    ...invite,
    code: 'OurGroup',
    channel_id: DEMO.groupDmId,
    max_age: 0,
    max_uses: 0,
  });
  const service = { userId: DEMO.ownerId, role: 'service', permissions: null } as const;
  await engine.setVanity(DEMO.guildId, service, DEMO.vanityCode);
}
