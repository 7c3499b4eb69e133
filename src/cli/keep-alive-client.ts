// A small HTTP client for many requests over a fixed number of kept connections.
// Must never repeat a request on its own: whoever counts answers would count wrongly.

import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

const ANSWER_MAX_MS = 30_000;
const ANSWER_CHARS_MAX = 1_000_000;

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly token: string;
  readonly body?: unknown;
}

/** `failed`: no whole answer, and why in a word. */
export type HttpAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly text: string }
  | { readonly kind: 'failed'; readonly why: string };

export interface KeepAliveClient {
  call(call: HttpCall): Promise<HttpAnswer>;
  close(): void;
}

export function createKeepAliveClient(connections: number): KeepAliveClient {
  const settings = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections };
  const plain = new Agent(settings);
  const secure = new HttpsAgent(settings);

  return {
    call({ method, url, token, body }) {
      const isSecure = url.startsWith('https:');
      const content = body === undefined ? null : JSON.stringify(body);
      const headers = {
        authorization: `Bearer ${token}`,
        ...(content === null
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
      };
      return new Promise((resolve) => {
        const outgoing = (isSecure ? httpsRequest : httpRequest)(
          url,
          { method, headers, agent: isSecure ? secure : plain },
          (incoming) => {
            readText(incoming).then(
              (text) => resolve({ kind: 'answer', status: incoming.statusCode ?? 0, text }),
              (error: unknown) => resolve({ kind: 'failed', why: wordFor(error) }),
            );
          },
        );
        outgoing.setTimeout(ANSWER_MAX_MS, () => outgoing.destroy(new Error('no answer in 30 s')));
        outgoing.once('error', (error) => resolve({ kind: 'failed', why: wordFor(error) }));
        outgoing.end(content ?? undefined);
      });
    },
    close() {
      plain.destroy();
      secure.destroy();
    },
  };
}

async function readText(incoming: IncomingMessage): Promise<string> {
  let text = '';
  incoming.setEncoding('utf8');
  for await (const chunk of incoming) {
    text += String(chunk);
    if (text.length > ANSWER_CHARS_MAX) throw new Error('too long an answer');
  }
  return text;
}

function wordFor(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
