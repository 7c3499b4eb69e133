// The options of createEngine as the settings that they are: one schema (config.ts) checks both, and problems are told in the words
// of whoever gave them.

export interface EngineOptions {
  /** `redis://`, `rediss://` or `unix://`; Redis 7.0 or later. */
  readonly redisUrl: string;
  /**
   * Does this program also do what is nobody's request: open an empty Redis, sweep expired invites, end what a deletion left, trim
   * the events? One of all who share a Redis must; several may, and share the work. false: an `invited start`, or another program,
   * does it.
   */
  readonly jobs: boolean;
  /**
   * With `jobs`: everything is copied to this Postgres (14 or later), and Redis is restored from it. All who do the jobs of one
   * Redis must name the same, or none.
   */
  readonly postgresUrl?: string | undefined;
  /** How long a command may take, 10–60000; by default 2000. */
  readonly redisTimeoutMs?: number | undefined;
  /** true serves on a Redis that evicts keys, and may lose invites. */
  readonly allowEviction?: boolean | undefined;
  /** How long createEngine waits until Redis holds the data, a restore included; by default 10000. */
  readonly readyTimeoutMs?: number | undefined;
  /** Characters of a generated code, 6–10; by default 8. */
  readonly codeLength?: number | undefined;
  /** Live invites of a guild, by default 1000. */
  readonly maxInvitesPerGuild?: number | undefined;
  /** More words that are no vanity codes. */
  readonly reservedVanity?: readonly string[] | undefined;
  /** Accepts, and likewise reads, that may wait for Redis, by default 8192; more are refused as `StoreUnavailable`. */
  readonly waitingMax?: number | undefined;
  /** With `jobs`: how long events stay for readers, by default 300000. */
  readonly eventsRetentionMs?: number | undefined;
  /** With `jobs`: entries that may wait for Postgres, by default 1000000; beyond them changes are refused. */
  readonly streamMax?: number | undefined;
  /** With `jobs`: where events are sent, signed with the secret (`whsec_…`). */
  readonly webhookUrls?: readonly string[] | undefined;
  readonly webhookSecret?: string | undefined;
  /** What the jobs log, as JSON lines on stderr; by default `warn`. */
  readonly logLevel?: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'silent' | undefined;
  /** Told when a job has failed for good; without it that is an uncaught exception, which ends the program. */
  readonly onJobsFailed?: ((error: unknown) => void) | undefined;
}

/** Those that are a setting, and its name. */
const SETTING_OF = {
  redisUrl: 'INVITED_REDIS_URL',
  postgresUrl: 'INVITED_POSTGRES_URL',
  redisTimeoutMs: 'INVITED_REDIS_TIMEOUT_MS',
  allowEviction: 'INVITED_ALLOW_EVICTION',
  codeLength: 'INVITED_CODE_LENGTH',
  maxInvitesPerGuild: 'INVITED_MAX_INVITES_PER_GUILD',
  reservedVanity: 'INVITED_RESERVED_VANITY',
  waitingMax: 'INVITED_MAX_WAITING',
  eventsRetentionMs: 'INVITED_EVENTS_RETENTION_MS',
  streamMax: 'INVITED_STREAM_MAX',
  webhookUrls: 'INVITED_WEBHOOK_URLS',
  webhookSecret: 'INVITED_WEBHOOK_SECRET',
  logLevel: 'INVITED_LOG_LEVEL',
} as const satisfies Partial<Record<keyof EngineOptions, string>>;

const OTHERS = ['jobs', 'readyTimeoutMs', 'onJobsFailed'];
const ONLY_WITH_JOBS = [
  'postgresUrl',
  'webhookUrls',
  'webhookSecret',
  'eventsRetentionMs',
  'streamMax',
] as const;
const READY_TIMEOUT_DEFAULT_MS = 10_000;
const READY_TIMEOUT_MAX_MS = 86_400_000;

/** The settings that the options stand for, or what is wrong with them beyond what settings can say. */
export function settingsOf(
  options: EngineOptions,
):
  | { readonly settings: Readonly<Record<string, string>>; readonly readyTimeoutMs: number }
  | { readonly problem: string } {
  if (typeof options !== 'object' || options === null) return { problem: 'options must be given' };
  const given: Readonly<Record<string, unknown>> = { ...options };
  const stranger = Object.keys(given).find((name) => !(name in SETTING_OF) && !OTHERS.includes(name));
  if (stranger !== undefined) return { problem: `there is no option ${JSON.stringify(stranger)}` };
  if (typeof options.redisUrl !== 'string' || options.redisUrl === '') {
    return { problem: 'redisUrl must be given' };
  }
  if (typeof options.jobs !== 'boolean') return { problem: 'jobs must be true or false' };
  const needsJobs = ONLY_WITH_JOBS.find((name) => given[name] !== undefined);
  if (!options.jobs && needsJobs !== undefined) {
    return { problem: `${needsJobs} needs jobs: true; with false it belongs to whoever does them` };
  }
  const readyTimeoutMs = options.readyTimeoutMs ?? READY_TIMEOUT_DEFAULT_MS;
  const isWhole = Number.isSafeInteger(readyTimeoutMs) && readyTimeoutMs >= 0;
  if (!isWhole || readyTimeoutMs > READY_TIMEOUT_MAX_MS) {
    return { problem: `readyTimeoutMs must be a whole number from 0 to ${READY_TIMEOUT_MAX_MS}` };
  }
  const settings: Record<string, string> = { INVITED_LOG_LEVEL: 'warn' };
  for (const [name, setting] of Object.entries(SETTING_OF)) {
    const value = given[name];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    if (Array.isArray(value) && value.some((part) => String(part).includes(','))) {
      return { problem: `${name} must not have commas in its parts` };
    }
    settings[setting] = String(value);
  }
  return { settings, readyTimeoutMs };
}

/** What a problem says of settings, said of options. */
export function inOptionWords(message: string): string {
  return Object.entries(SETTING_OF).reduce(
    (text, [name, setting]) => text.replace(new RegExp(`\\b${setting}\\b`, 'g'), name),
    message,
  );
}
