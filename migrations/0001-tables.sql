-- All tables: what the directory holds, every invite there ever was, and the ledger of joins.
--
-- Ids are bigint. Times are timestamptz(3): people read them, and the milliseconds of Redis fit exactly. What the host told
-- as JSON is `json`, not `jsonb` and not `text`: it comes back letter by letter, and may hold \u0000. `seq` is that of the
-- row's last change in its journal; a row is only ever replaced by what is not older.

create table invited.meta (
  key text primary key,
  value text not null
);

-- A journal of Redis, and how far it was copied. `fence` goes to the last writer that claimed the journal.
create table invited.journals (
  journal smallint primary key,
  fence bigint not null default 0,
  stream_id text,
  seq bigint not null default 0,
  newest_at timestamptz(3),
  written_at timestamptz(3)
) with (fillfactor = 50);

create table invited.guilds (
  id bigint primary key,
  seq bigint not null,
  born_seq bigint not null,
  owner_id bigint not null,
  name text not null,
  -- As the host told them; null: the engine counts the members, or knows of no presence.
  member_count bigint,
  presence_count bigint,
  vanity_version int not null,
  record json not null
);

create table invited.roles (
  guild_id bigint,
  id bigint,
  permissions numeric not null,
  -- Their order in what the host told.
  position int not null,
  primary key (guild_id, id)
);

create table invited.channels (
  guild_id bigint,
  id bigint,
  seq bigint not null,
  name text not null,
  type int not null,
  record json not null,
  primary key (guild_id, id)
);

create table invited.members (
  guild_id bigint,
  user_id bigint,
  seq bigint not null,
  temporary boolean not null,
  roles bigint[] not null,
  primary key (guild_id, user_id)
);

create table invited.bans (
  guild_id bigint,
  user_id bigint,
  seq bigint not null,
  record json not null,
  primary key (guild_id, user_id)
);

create table invited.ip_bans (
  guild_id bigint,
  address_key text collate "C",
  seq bigint not null,
  record json not null,
  primary key (guild_id, address_key)
);

create table invited.users (
  id bigint primary key,
  seq bigint not null,
  username text not null,
  record json not null
);

create table invited.group_dms (
  id bigint primary key,
  seq bigint not null,
  owner_id bigint not null,
  name text,
  -- In the order they came.
  recipients bigint[] not null,
  record json not null
);

create table invited.vanity (
  code text collate "C" primary key,
  guild_id bigint not null unique,
  seq bigint not null,
  uses bigint not null,
  -- As of an invite.
  base_uses bigint not null,
  counted_from bigint not null,
  created_at timestamptz(3) not null,
  -- Of the claim: of two claims for one code the later has the larger number.
  token text not null
);

-- A code may be given again once its invite has ended: each invite is a row of its own.
create table invited.invites (
  created_seq bigint,
  seq bigint not null,
  -- null: of a group DM.
  guild_id bigint,
  channel_id bigint,
  inviter_id bigint,
  created_at timestamptz(3) not null,
  -- null: never.
  expires_at timestamptz(3),
  uses bigint not null,
  -- Uses that no row of `joins` stands for (what an import told, or what was lost before a full copy), and the `seq` behind
  -- which each further use has one.
  base_uses bigint not null,
  counted_from bigint not null,
  ended_at timestamptz(3),
  ended_by bigint,
  max_age int not null,
  -- 0: no cap.
  max_uses int not null,
  version int not null,
  temporary boolean not null,
  paused boolean not null,
  code text collate "C",
  ended_reason text,
  primary key (code, created_seq)
  -- Room for `uses` to grow in its page, without touching an index.
) with (fillfactor = 70);

create index invites_live_by_code on invited.invites (code, created_seq) where ended_at is null;
create index invites_live_by_guild on invited.invites (guild_id, code) where ended_at is null;

-- Append-only: one row for each join there ever was.
create table invited.joins (
  seq bigint,
  -- null: into a group DM.
  guild_id bigint,
  -- null: by a vanity code.
  channel_id bigint,
  user_id bigint not null,
  inviter_id bigint,
  at timestamptz(3) not null,
  -- With this join.
  uses bigint not null,
  journal smallint,
  temporary boolean not null,
  vanity boolean not null,
  code text collate "C" not null,
  primary key (journal, seq)
);

create index joins_by_guild on invited.joins (guild_id, at, seq);
create index joins_by_code on invited.joins (code, seq);
create index joins_by_inviter on invited.joins (inviter_id, at);
create index joins_by_user on invited.joins (user_id, at);
