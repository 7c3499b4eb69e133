// What is measured: programs that serve the same invites over the same HTTP, each on a port of its own on loopback.
// Everything that follows (load, counts, report) knows a contender by these shapes alone.

/** One guild of a world: it has one text channel, and its owner invites to it. */
export interface WorldGuild {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly channelId: string;
}

export interface WorldInvite {
  readonly code: string;
  readonly guildId: string;
  readonly channelId: string;
  readonly inviterId: string;
  /** 0: no cap. */
  readonly maxUses: number;
}

/** What a contender is filled with before it is measured; the same for all of them. No invite of it ever expires. */
export interface World {
  readonly guilds: readonly WorldGuild[];
  readonly invites: readonly WorldInvite[];
  /** Users whose names are shown: the owners. Everyone else is unknown to the directory. */
  readonly users: readonly {
    readonly id: string;
    readonly username: string;
    readonly discriminator: number;
  }[];
}

export interface StartOptions {
  /** Sent by the load as X-Invited-Gateway-Key, together with X-Invited-User. */
  readonly gatewayKey: string;
  /** Signs the HS256 tokens that the load sends instead; at least 32 bytes. */
  readonly jwtSecret: string;
  /** An empty folder for all that the contender writes; removed by the caller. */
  readonly folder: string;
  /** Of a Redis append-only file: off, synced every second, or synced before each answer. */
  readonly fsync: 'off' | 'everysec' | 'always';
}

/** What a contender holds, counted in its store and not by what it answered. */
export interface Counts {
  /** The sum of `uses` over the world's invites, used-up ones with their cap. */
  readonly uses: number;
  /** Memberships beyond those that the world began with. */
  readonly joins: number;
  /** Join records (events, rows of a ledger); null where the contender writes none. */
  readonly records: number | null;
}

export interface Running {
  /** `http://127.0.0.1:port`; serves `/api/v1/…` of the contract. */
  readonly url: string;
  /** Process ids whose processor time counts as the server's, and as its store's. Asked each time: children come and go. */
  serverPids(): readonly number[];
  storePids(): readonly number[];
  load(world: World): Promise<void>;
  count(world: World): Promise<Counts>;
  /** Waits until what it does in the background is done, so that the next one has the machine for itself. */
  settle?(): Promise<void>;
  stop(): Promise<void>;
}

export interface Contender {
  /** As it stands in tables: `invited`, `fastify + postgres`. */
  readonly name: string;
  start(options: StartOptions): Promise<Running>;
}
