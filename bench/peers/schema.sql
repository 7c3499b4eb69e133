-- The tables of the Postgres peer, and its accept. Run whenever the peer starts; changes nothing that is there.
-- Without foreign keys on what an accept writes: each would lock the guild's row once more.

-- Rows that are updated at every accept leave room for their next versions in the page (no index has to be touched).
CREATE TABLE IF NOT EXISTS guilds (
  id bigint PRIMARY KEY,
  owner_id bigint NOT NULL,
  max_members bigint NOT NULL DEFAULT 1000000,
  member_count bigint NOT NULL DEFAULT 1, -- the owner
  json text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS channels (
  id bigint PRIMARY KEY,
  guild_id bigint NOT NULL,
  json text NOT NULL
);

CREATE TABLE IF NOT EXISTS users (
  id bigint PRIMARY KEY,
  json text NOT NULL
);

CREATE TABLE IF NOT EXISTS members (
  guild_id bigint,
  user_id bigint,
  PRIMARY KEY (guild_id, user_id)
);

CREATE TABLE IF NOT EXISTS bans (
  guild_id bigint,
  user_id bigint,
  PRIMARY KEY (guild_id, user_id)
);

-- address: IPv4, or prefix::/64
CREATE TABLE IF NOT EXISTS ip_bans (
  guild_id bigint,
  address text COLLATE "C",
  PRIMARY KEY (guild_id, address)
);

CREATE TABLE IF NOT EXISTS invites (
  code text COLLATE "C" PRIMARY KEY,
  guild_id bigint NOT NULL,
  channel_id bigint NOT NULL,
  inviter_id bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
  expires_at timestamptz,
  max_age integer NOT NULL DEFAULT 0,
  max_uses integer NOT NULL,
  uses bigint NOT NULL DEFAULT 0,
  temporary boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS joins (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code text COLLATE "C" NOT NULL,
  guild_id bigint NOT NULL,
  user_id bigint NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);

-- Invites that can be used, with what is shown beside them.
CREATE OR REPLACE VIEW live_invites AS
  SELECT i.*, g.json AS guild_json, c.json AS channel_json, u.json AS inviter_json
  FROM invites i
  JOIN guilds g ON g.id = i.guild_id
  LEFT JOIN channels c ON c.id = i.channel_id
  LEFT JOIN users u ON u.id = i.inviter_id
  WHERE (i.max_uses = 0 OR i.uses < i.max_uses) AND (i.expires_at IS NULL OR i.expires_at > now());

-- One accept: one statement, so one round trip and one transaction. What two accepts could both think is decided by
-- the rows they write: the membership's key, the invite's uses, the guild's count. Those that many accepts share come last,
-- always in this order, and are held until the commit is on disk.
-- No rows: unknown. An error with SQLSTATE IN404 or IN400 undoes all: no use was left, or no place in the guild.
CREATE OR REPLACE FUNCTION accept_invite(wanted text, joiner bigint, joiner_address text)
RETURNS TABLE (outcome text, invite live_invites) LANGUAGE plpgsql AS $$
BEGIN
  SELECT * INTO invite FROM live_invites WHERE code = wanted;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  outcome := CASE
    WHEN EXISTS (SELECT FROM members WHERE guild_id = invite.guild_id AND user_id = joiner) THEN 'member'
    WHEN EXISTS (SELECT FROM bans WHERE guild_id = invite.guild_id AND user_id = joiner) THEN 'banned'
    WHEN EXISTS (SELECT FROM ip_bans WHERE guild_id = invite.guild_id AND address = joiner_address) THEN 'ip_banned'
    ELSE 'accepted'
  END;
  IF outcome = 'accepted' THEN
    -- Waits for another accept of this user that is under way.
    INSERT INTO members (guild_id, user_id) VALUES (invite.guild_id, joiner) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      outcome := 'member';
    ELSE
      INSERT INTO joins (code, guild_id, user_id) VALUES (wanted, invite.guild_id, joiner);
      UPDATE invites SET uses = uses + 1
        WHERE code = wanted AND (max_uses = 0 OR uses < max_uses) AND (expires_at IS NULL OR expires_at > now());
      IF NOT FOUND THEN
        RAISE EXCEPTION 'no use is left' USING ERRCODE = 'IN404';
      END IF;
      UPDATE guilds SET member_count = member_count + 1 WHERE id = invite.guild_id AND member_count < max_members;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'the guild is full' USING ERRCODE = 'IN400';
      END IF;
    END IF;
  END IF;
  RETURN NEXT;
END
$$;
