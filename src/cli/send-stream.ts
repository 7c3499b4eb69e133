// Sends a stream as the body of a POST and reads the whole, short answer.
// Must never wait for ever: a connection on which nothing moves is given up.

import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const CONNECTION_IDLE_MAX_MS = 120_000;
const ANSWER_CHARS_MAX = 1_000_000;

/** Nobody answered, or not as the server would; the message is one line for people. */
export class Unreachable extends Error {}

export interface StreamRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable;
  /** Told how many bytes have been sent so far. */
  readonly onProgress: (bytes: number) => void;
}

export interface StreamAnswer {
  readonly status: number;
  readonly text: string;
}

/** @throws Unreachable */
export async function sendStream(options: StreamRequest): Promise<StreamAnswer> {
  const request = options.url.startsWith('https:') ? httpsRequest : httpRequest;
  const outgoing = request(options.url, { method: 'POST', headers: options.headers });
  outgoing.setTimeout(CONNECTION_IDLE_MAX_MS, () =>
    outgoing.destroy(new Error(`nothing moved for ${CONNECTION_IDLE_MAX_MS / 1000} s`)),
  );
  const answered = new Promise<StreamAnswer>((resolve, reject) => {
    outgoing.once('response', (answer) => readAnswer(answer).then(resolve, reject));
    outgoing.once('error', reject);
  });
  let sent = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      options.onProgress(sent);
      done(null, chunk);
    },
  });
  // What goes wrong here also ends `outgoing`, and is told there.
  pipeline(options.body, counted, outgoing).catch(() => {});
  try {
    // A server may answer, with a refusal, before it has read everything: the answer is what counts.
    return await answered;
  } catch (error) {
    const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : '';
    throw new Unreachable(`${options.url} can't be reached: ${code}.`);
  } finally {
    options.body.destroy();
    outgoing.destroy();
  }
}

async function readAnswer(answer: IncomingMessage): Promise<StreamAnswer> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    text += String(chunk);
    if (text.length > ANSWER_CHARS_MAX) throw new Error('its answer is too long');
  }
  return { status: answer.statusCode ?? 0, text };
}
