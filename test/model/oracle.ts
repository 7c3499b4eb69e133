// The oracle of the model test: what the contract says one guild does, in the plainest form, without Redis, partitions
// or pointers. It is asked before the engine, and the two must agree on every outcome.

export interface OracleInvite {
  readonly inviter: string;
  maxUses: number;
  uses: number;
  isPaused: boolean;
  version: number;
}

export class Oracle {
  readonly owner: string;
  readonly members = new Set<string>();
  readonly bans = new Set<string>();
  readonly addressBans = new Set<string>();
  readonly invites = new Map<string, OracleInvite>();
  isPaused = false;
  hasFeature = true;
  vanity: { readonly code: string; uses: number } | null = null;
  maxMembers: number;

  constructor(owner: string, maxMembers: number) {
    this.owner = owner;
    this.members.add(owner);
    this.maxMembers = maxMembers;
  }

  accept(code: string, user: string, address: string): string {
    const invite = this.invites.get(code);
    const isVanity = this.vanity?.code === code;
    if (invite === undefined && !isVanity) return 'unknown';
    if (this.isPaused || invite?.isPaused) return 'invites_disabled';
    if (this.members.has(user)) return 'already';
    if (this.bans.has(user)) return 'banned';
    if (this.addressBans.has(address)) return 'ip_banned';
    if (this.members.size >= this.maxMembers) return 'guild_full';
    this.members.add(user);
    if (invite === undefined) {
      if (this.vanity !== null) this.vanity.uses += 1;
      return 'accepted';
    }
    invite.uses += 1;
    if (invite.maxUses > 0 && invite.uses >= invite.maxUses) this.invites.delete(code);
    return 'accepted';
  }

  create(user: string): 'created' | 'missing_permissions' {
    return this.members.has(user) ? 'created' : 'missing_permissions';
  }

  revoke(code: string, user: string): 'unknown' | 'missing_permissions' | 'revoked' {
    const invite = this.#managed(code, user);
    if (typeof invite === 'string') return invite;
    this.invites.delete(code);
    return 'revoked';
  }

  /** null: as it is; of whichever version. */
  edit(
    code: string,
    user: string,
    version: number | null,
    maxUses: number | null,
    isPaused: boolean | null,
  ): 'unknown' | 'missing_permissions' | 'version_mismatch' | 'already_over' | 'unchanged' | 'edited' {
    const invite = this.#managed(code, user);
    if (typeof invite === 'string') return invite;
    if (version !== null && version !== invite.version) return 'version_mismatch';
    const wanted = { maxUses: maxUses ?? invite.maxUses, isPaused: isPaused ?? invite.isPaused };
    if (wanted.maxUses > 0 && invite.uses >= wanted.maxUses) return 'already_over';
    if (wanted.maxUses === invite.maxUses && wanted.isPaused === invite.isPaused) return 'unchanged';
    Object.assign(invite, wanted, { version: invite.version + 1 });
    return 'edited';
  }

  #managed(code: string, user: string): OracleInvite | 'unknown' | 'missing_permissions' {
    const invite = this.invites.get(code);
    if (invite === undefined) return 'unknown';
    const may = user === this.owner || (user === invite.inviter && this.members.has(user));
    return may ? invite : 'missing_permissions';
  }

  ban(user: string): void {
    this.bans.add(user);
    this.remove(user);
  }

  remove(user: string): void {
    if (user !== this.owner) this.members.delete(user);
  }

  setVanity(code: string | null, takenElsewhere: boolean): 'is' | 'requires_feature' | 'taken' {
    if ((this.vanity?.code ?? null) === code) return 'is';
    if (code === null) {
      this.vanity = null;
      return 'is';
    }
    if (!this.hasFeature) return 'requires_feature';
    if (takenElsewhere) return 'taken';
    this.vanity = { code, uses: 0 };
    return 'is';
  }
}
