// Asks a Docker engine the two questions that decide whether tests use a container: are you there, and can you
// give me this image? Every question has a short end, so that machines without an engine lose no time.

import { existsSync } from 'node:fs';
import { type RequestOptions, request } from 'node:http';

const ANSWER_MAX_MS = 1000;
const PULL_MAX_MS = 30_000;
const PULL_REPORT_CHARS_MAX = 1_000_000;

/** @returns null: the image is there (now); else why a container can't be had */
export async function engineHasImage(image: string, dockerHost: string | undefined): Promise<string | null> {
  const engine = engineAt(dockerHost);
  if (engine === null) return 'no Docker engine here';
  if ((await ask(engine, 'GET', '/_ping', ANSWER_MAX_MS))?.status !== 200) return 'no Docker engine answers';
  const inspect = `/images/${encodeURIComponent(image)}/json`;
  if ((await ask(engine, 'GET', inspect, ANSWER_MAX_MS))?.status === 200) return null;
  await ask(engine, 'POST', `/images/create?fromImage=${encodeURIComponent(image)}`, PULL_MAX_MS);
  // A pull reports its failures in the middle of a 200: only the image itself proves it.
  if ((await ask(engine, 'GET', inspect, ANSWER_MAX_MS))?.status === 200) return null;
  return `the Docker engine has no image ${image} and can't pull it`;
}

function engineAt(dockerHost: string | undefined): RequestOptions | null {
  const host = dockerHost === undefined || dockerHost === '' ? 'unix:///var/run/docker.sock' : dockerHost;
  if (host.startsWith('unix://')) {
    const socketPath = host.slice('unix://'.length);
    return existsSync(socketPath) ? { socketPath } : null;
  }
  if (!URL.canParse(host)) return null;
  const { hostname, port } = new URL(host);
  return { host: hostname, port: port === '' ? 2375 : Number(port) };
}

/** null: no whole answer within `timeoutMs`. */
function ask(
  engine: RequestOptions,
  method: string,
  path: string,
  timeoutMs: number,
): Promise<{ readonly status: number } | null> {
  return new Promise((resolve) => {
    const outgoing = request(
      { ...engine, method, path, signal: AbortSignal.timeout(timeoutMs) },
      (answer) => {
        let chars = 0;
        answer.on('data', (chunk: Buffer) => {
          chars += chunk.length;
          if (chars > PULL_REPORT_CHARS_MAX) outgoing.destroy();
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0 }));
        answer.on('error', () => resolve(null));
      },
    );
    outgoing.on('error', () => resolve(null));
    outgoing.on('close', () => resolve(null));
    outgoing.end();
  });
}
