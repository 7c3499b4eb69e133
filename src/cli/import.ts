// `invited import`: streams an NDJSON file to the server's import endpoint and says which lines it refused.
// Must never hold the whole file in memory, and never send it to an address that the caller didn't name.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import cliProgress from 'cli-progress';
import * as v from 'valibot';
import { type Print, terminal } from './print.js';
import { sendStream, Unreachable } from './send-stream.js';
import { signToken } from './sign-token.js';
import { baseUrl, parseCommand, UsageError } from './usage-error.js';

const USAGE = 'Usage: invited import FILE.ndjson|- [--url http://127.0.0.1:9090] [--token TOKEN]';
const URL_DEFAULT = 'http://127.0.0.1:9090';
/** The token only has to be good when the request begins. */
const TOKEN_SECONDS = 600;

export interface ImportContext {
  /** Signs the service token; asked only when no --token is given. */
  secret(): Promise<string>;
  readonly audience?: string;
  readonly issuer?: string;
  readonly stdin?: Readable;
  readonly print?: Print;
}

interface Source {
  readonly stream: Readable;
  /** null: unknown, as of a pipe. */
  readonly bytes: number | null;
}

const summary = v.object({
  applied: v.number(),
  failed: v.array(v.object({ line: v.number(), code: v.string(), message: v.string() })),
  failed_total: v.number(),
});
type Summary = v.InferOutput<typeof summary>;

/** @returns the exit code: 0, 1 when lines were refused, 2 when nothing could be sent */
export async function importFile(args: readonly string[], context: ImportContext): Promise<number> {
  const print = context.print ?? terminal;
  try {
    const { values, positionals } = parseCommand({
      args: [...args],
      allowPositionals: true,
      options: {
        url: { type: 'string', default: URL_DEFAULT },
        token: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      print.out(USAGE);
      return 0;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError(`One file is needed. ${USAGE}`);
    const url = baseUrl('--url', values.url);
    const source = await openSource(file, context.stdin ?? process.stdin);
    const token = values.token ?? (await serviceToken(context));
    return report(await send(`${url}/internal/v1/import`, token, source), print);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof Unreachable)) throw error;
    print.err(error.message);
    return 2;
  }
}

async function openSource(file: string, stdin: Readable): Promise<Source> {
  if (file === '-') return { stream: stdin, bytes: null };
  try {
    const handle = await open(file);
    const found = await handle.stat();
    if (found.isDirectory()) {
      await handle.close();
      throw new UsageError(`${file} is a folder.`);
    }
    return { stream: createReadStream(file, { fd: handle }), bytes: found.isFile() ? found.size : null };
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    throw new UsageError(`${file} can't be read: ${code === 'ENOENT' ? 'there is no such file' : code}.`);
  }
}

async function serviceToken(context: ImportContext): Promise<string> {
  return signToken(await context.secret(), {
    // No user stands behind an import.
    sub: '0',
    role: 'service',
    ttlSeconds: TOKEN_SECONDS,
    ...(context.audience === undefined ? {} : { audience: context.audience }),
    ...(context.issuer === undefined ? {} : { issuer: context.issuer }),
  });
}

async function send(url: string, token: string, source: Source): Promise<Summary> {
  const bar =
    process.stderr.isTTY && source.bytes !== null && source.bytes > 0
      ? new cliProgress.SingleBar({
          stream: process.stderr,
          format: 'importing {bar} {percentage} % | {eta_formatted} left',
        })
      : null;
  bar?.start(source.bytes ?? 0, 0);
  try {
    const answer = await sendStream({
      url,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
      body: source.stream,
      onProgress: (bytes) => bar?.update(bytes),
    });
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), summary), answer.text);
    if (answer.status === 200 && parsed.success) return parsed.output;
    throw new Unreachable(`${url} refused the import: ${refusal(answer.status, answer.text)}.`);
  } finally {
    bar?.stop();
  }
}

/** The status, and the code of the body when it has one. */
function refusal(status: number, text: string): string {
  const problem = v.safeParse(v.pipe(v.string(), v.parseJson(), v.object({ code: v.string() })), text);
  return problem.success ? `${status} ${problem.output.code}` : String(status);
}

function report(result: Summary, print: Print): number {
  print.out(`applied ${result.applied}, failed ${result.failed_total}`);
  for (const { line, code, message } of result.failed) print.out(`line ${line}: ${code} ${message}`);
  const untold = result.failed_total - result.failed.length;
  if (untold > 0) print.out(`… and ${untold} more`);
  return result.failed_total === 0 ? 0 : 1;
}
