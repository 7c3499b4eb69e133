// What a peer asks of its store. Each of the three is one atomic step there.

export interface StoredInvite {
  readonly code: string;
  readonly guildId: string;
  readonly channelId: string;
  readonly inviterId: string;
  readonly createdAtMs: number;
  /** null: never. */
  readonly expiresAtMs: number | null;
  readonly maxAgeS: number;
  /** 0: no cap. */
  readonly maxUses: number;
  readonly uses: number;
  readonly isTemporary: boolean;
  readonly version: number;
  /** JSON as it stands in answers, written when the guild, channel or user changed; null where it isn't known. */
  readonly guildJson: string;
  readonly channelJson: string | null;
  readonly inviterJson: string | null;
}

export interface Acceptance {
  readonly code: string;
  readonly userId: string;
  /** An IPv4 address or `prefix::/64`; '' where it isn't known. */
  readonly banKey: string;
}

export type AcceptOutcome =
  | { readonly status: 'accepted' | 'member'; readonly invite: StoredInvite }
  | { readonly status: 'unknown' | 'banned' | 'ip_banned' | 'guild_full' };

export interface Wish {
  readonly code: string;
  readonly channelId: string;
  readonly userId: string;
  readonly maxAgeS: number;
  readonly maxUses: number;
  readonly isTemporary: boolean;
}

export type CreateOutcome =
  | { readonly status: 'created'; readonly invite: StoredInvite }
  /** taken: there is an invite with this code; the caller draws another. */
  | { readonly status: 'unknown_channel' | 'missing_permissions' | 'taken' };

export interface PeerStore {
  accept(acceptance: Acceptance): Promise<AcceptOutcome>;
  /** null: unknown, expired or used up. */
  read(code: string): Promise<StoredInvite | null>;
  create(wish: Wish): Promise<CreateOutcome>;
  close(): Promise<void>;
}
