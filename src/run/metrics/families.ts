// Every metric of ours: its name, its type, its labels and what it says. docs/metrics.md lists them, and a test holds it to that.

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
}

const family = (type: Family['type'], name: string, labels: readonly string[], help: string): Family => ({
  name,
  type,
  labels,
  help,
});

/** What the workers count, added up over all of a server. */
export const WORKERS = {
  requests: family(
    'counter',
    'invited_http_requests_total',
    ['verb', 'status'],
    'Requests that were answered, by what they asked for and the status; 499: the client had gone.',
  ),
  outcomes: family(
    'counter',
    'invited_outcomes_total',
    ['verb', 'outcome'],
    'Requests that were answered, by what they asked for and what came of it: ok and finer words, or the code of the error in small letters.',
  ),
  durations: family(
    'histogram',
    'invited_http_request_duration_seconds',
    ['verb'],
    'From the whole head of a request to its answer; of a stream of events, to its end.',
  ),
  inFlight: family(
    'gauge',
    'invited_http_requests_in_flight',
    ['listener'],
    'Requests under way, open streams and sockets of events among them.',
  ),
  calls: family(
    'histogram',
    'invited_redis_call_duration_seconds',
    ['script'],
    'From sending a script call to its reply, of those too that failed.',
  ),
  callFailures: family(
    'counter',
    'invited_redis_call_failures_total',
    ['script', 'kind'],
    'Script calls without an answer: down (not sent), unknown (sent, no reply), refused (an error), closed (not our data), full (no room in the journal).',
  ),
  batches: family('histogram', 'invited_batch_size', ['script'], 'Requests that share one script call.'),
  waiting: family(
    'gauge',
    'invited_batch_waiting',
    ['script'],
    'Requests that wait for the script call under way to end.',
  ),
} as const;

/** Of the whole, whoever is asked. */
export const WHOLE = {
  build: family('gauge', 'invited_build_info', ['version'], 'Always 1; says which version answers.'),
  workers: family('gauge', 'invited_workers', [], 'Workers of this server that told their figures.'),
  redisUp: family('gauge', 'invited_redis_up', [], 'Did Redis answer when the metrics were asked for?'),
} as const;

/** What the jobs processes tell through Redis: the same whichever server of several on one Redis is asked. */
export const JOBS = {
  dirtyEntities: family(
    'gauge',
    'invited_dirty_entities',
    [],
    'Entities of the directory that changed and are not yet in Postgres.',
  ),
  streamEntries: family(
    'gauge',
    'invited_stream_entries',
    [],
    'Entries of the event streams, those included that Postgres has and readers may still want.',
  ),
  streamFill: family(
    'gauge',
    'invited_stream_fill_ratio',
    [],
    'Entries of the fullest event stream, divided by INVITED_STREAM_MAX; at 1 changes are refused.',
  ),
  lag: family(
    'gauge',
    'invited_snapshot_lag_seconds',
    [],
    'Age of the oldest change that is not yet in Postgres; 0 if there is none.',
  ),
  rows: family('counter', 'invited_snapshot_rows_total', [], 'Rows that were written to Postgres.'),
  rowsPerSecond: family(
    'gauge',
    'invited_snapshot_rows_per_second',
    [],
    'Rows written to Postgres a second, over the last five.',
  ),
  lastSuccess: family(
    'gauge',
    'invited_snapshot_last_success_timestamp_seconds',
    [],
    'When the journal was last copied without a failure.',
  ),
  damaged: family(
    'counter',
    'invited_snapshot_damaged_total',
    [],
    'Entries of the journal that could not be read.',
  ),
  postgresUp: family('gauge', 'invited_postgres_up', [], 'Does Postgres answer?'),
  recovery: family(
    'gauge',
    'invited_recovery_state',
    [],
    '0: Redis holds our data; 1: that is being looked into; 2: they are being restored.',
  ),
  restores: family('counter', 'invited_restores_total', [], 'How often Redis was filled from Postgres.'),
  lastRestore: family(
    'gauge',
    'invited_last_restore_timestamp_seconds',
    [],
    'When Redis was last filled from Postgres by a jobs process that still runs.',
  ),
  redisUsed: family('gauge', 'invited_redis_memory_used_bytes', [], 'Memory that Redis uses.'),
  redisMax: family(
    'gauge',
    'invited_redis_memory_max_bytes',
    [],
    'Memory that Redis may use (its maxmemory); left out where it has no bound.',
  ),
  eventsLag: family(
    'gauge',
    'invited_events_lag_seconds',
    ['consumer'],
    'Age of the oldest event that a named reader, or a webhook, does not have yet; 0 if he has all.',
  ),
  deliveries: family(
    'counter',
    'invited_webhook_deliveries_total',
    ['outcome'],
    'Attempts to send an event to a webhook, by whether it was taken: delivered, failed.',
  ),
  outstanding: family(
    'gauge',
    'invited_webhook_outstanding',
    [],
    'Events that are under way to a webhook, or wait to be sent again.',
  ),
  deadLetters: family(
    'gauge',
    'invited_webhook_dead_letters',
    [],
    'Events that webhooks did not take and that wait to be replayed.',
  ),
} as const;

export const FAMILIES: readonly Family[] = [WORKERS, WHOLE, JOBS].flatMap((group) =>
  Object.values<Family>(group),
);
