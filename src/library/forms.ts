// What a program hands to the library. Records are in the words of the HTTP API's bodies, so that there is one form to know;
// ids are decimal strings. What may be left out has the default of the API.

/** The user who asks, by his id; or with the role and the permissions that you vouch for. */
export type Caller =
  | string
  | {
      readonly userId: string;
      /** By default `user`. A `service` may do everything. */
      readonly role?: 'user' | 'bot' | 'service' | undefined;
      /** A decimal bit field that counts instead of what the directory says. */
      readonly permissions?: string | null | undefined;
    };

export interface IfVersion {
  /** Changes only one of these versions; else the outcome is `version_mismatch`. */
  readonly ifVersion?: number | readonly number[] | undefined;
}

export interface ReadOptions {
  /** Who reads; without one, nobody in particular. */
  readonly by?: Caller | undefined;
  /** Tell how many members and presences the place has? */
  readonly counts?: boolean | undefined;
}

export interface AcceptOptions {
  /** The user's IPv4 or IPv6 address, for bans of addresses. */
  readonly address?: string | null | undefined;
}

export interface InviteSettings {
  /** Seconds, 0–604800; 0: never ends. By default 86400. */
  readonly max_age?: number | null | undefined;
  /** 0–100; 0: no cap, which is the default. */
  readonly max_uses?: number | null | undefined;
  readonly temporary?: boolean | null | undefined;
  /** false: the caller's own live invite with the same settings will do. By default true. */
  readonly unique?: boolean | null | undefined;
}

/** What isn't named stays as it is. */
export interface InviteChanges {
  /** Seconds, counted from its creation. */
  readonly max_age?: number | undefined;
  readonly max_uses?: number | undefined;
  readonly temporary?: boolean | undefined;
  readonly paused?: boolean | undefined;
}

export interface PageOptions {
  /** 1–1000; without it, all. */
  readonly limit?: number | undefined;
  /** The `next` of the page before, or the code of a live invite of the list. */
  readonly after?: string | null | undefined;
}

export interface GuildForm {
  readonly id: string;
  readonly name: string;
  readonly owner_id: string;
  readonly icon_hash?: string | null | undefined;
  readonly banner_hash?: string | null | undefined;
  readonly splash_hash?: string | null | undefined;
  readonly features?: readonly string[] | null | undefined;
  /** Permissions are decimal bit fields. */
  readonly roles?:
    | readonly { readonly id: string; readonly permissions?: string | null | undefined }[]
    | null
    | undefined;
  readonly max_members?: number | null | undefined;
  /** Leave it out to have the members counted that are put here. */
  readonly member_count?: number | null | undefined;
  readonly presence_count?: number | null | undefined;
}

export interface ChannelForm {
  readonly guild_id: string;
  readonly id: string;
  readonly name: string;
  readonly type?: number | null | undefined;
  readonly position?: number | null | undefined;
  readonly permission_overwrites?:
    | readonly {
        readonly id: string;
        /** 0: of a role, 1: of a member. */
        readonly type: 0 | 1;
        readonly allow?: string | null | undefined;
        readonly deny?: string | null | undefined;
      }[]
    | null
    | undefined;
}

export interface MemberForm {
  readonly guild_id: string;
  readonly user_id: string;
  readonly roles?: readonly string[] | null | undefined;
  readonly temporary?: boolean | null | undefined;
}

export interface BanForm {
  readonly guild_id: string;
  readonly user_id: string;
  readonly reason?: string | null | undefined;
}

export interface IpBanForm {
  readonly guild_id: string;
  readonly address: string;
  readonly reason?: string | null | undefined;
}

export interface GroupDmForm {
  readonly id: string;
  readonly name?: string | null | undefined;
  readonly owner_id: string;
  /** At most 50, the owner among them. */
  readonly recipients: readonly string[];
}

export interface UserForm {
  readonly id: string;
  readonly username: string;
  readonly discriminator?: number | null | undefined;
  readonly avatar_hash?: string | null | undefined;
}

/** An invite that was made elsewhere, under its own code. */
export interface InviteForm {
  readonly code: string;
  readonly channel_id: string;
  readonly inviter_id?: string | null | undefined;
  /** ISO 8601 with a time zone; by default now. */
  readonly created_at?: string | null | undefined;
  readonly max_age?: number | null | undefined;
  readonly max_uses?: number | null | undefined;
  readonly uses?: number | null | undefined;
  readonly temporary?: boolean | null | undefined;
}

export interface EventsQuery {
  /** The `next` of the page before, or the id of the last event that you have dealt with; without it, the oldest that is kept. */
  readonly after?: string | null | undefined;
  /** 1–1000, by default 100. */
  readonly limit?: number | undefined;
  /** A name, 1–64 of letters, digits, `.`, `_`, `-`: then events stay until you have named them with `after`. */
  readonly consumer?: string | null | undefined;
}
