// Answers, made before anything is sent: a status, headers beside the common ones, and a whole body.

import type { Sink, Socket } from './sink.js';

export type Header = readonly [name: string, value: string];

export interface Reply {
  readonly status: number;
  /** The header lines, each with a line break before it; `headerLines` makes them. */
  readonly lines: string;
  /** null: an answer that has no body at all (204, 304). */
  readonly body: string | Uint8Array | null;
  /** Of an error: the same as application/problem+json, for who asks for it (negotiate.ts). */
  readonly asProblem?: () => Reply;
  /** Instead of the body: writes it piece by piece, for as long as it takes. The connection ends with it. */
  readonly stream?: (sink: Sink) => Promise<void>;
  /** Instead of an answer: turns the connection into a WebSocket, where that was asked for. */
  readonly socket?: (socket: Socket) => Promise<void>;
}

const JSON_TYPE: Header = ['Content-Type', 'application/json'];
const HTML_TYPE: Header = ['Content-Type', 'text/html; charset=utf-8'];
const NO_SNIFFING: Header = ['X-Content-Type-Options', 'nosniff'];
/** What every answer of the API says. */
const COMMON: readonly Header[] = [NO_SNIFFING, ['Cache-Control', 'no-store']];

/** Headers as they are sent, in one piece: uWebSockets.js takes as long for each as for all. None may hold a line break. */
export function headerLines(headers: readonly Header[]): string {
  return linesOf(COMMON) + linesOf(headers);
}

/** The same without what every answer says. */
export function linesOf(headers: readonly Header[]): string {
  let lines = '';
  for (const [name, value] of headers) lines += `\r\n${name}: ${value}`;
  return lines;
}

const JSON_LINES = headerLines([JSON_TYPE]);

/** A JSON answer from text that is JSON already. */
export function jsonReply(status: number, body: string, headers: readonly Header[] = []): Reply {
  return { status, lines: headers.length === 0 ? JSON_LINES : headerLines([JSON_TYPE, ...headers]), body };
}

/** A JSON answer about one thing in this version. */
export function versionedReply(version: number, body: string, headers: readonly Header[] = []): Reply {
  const lines = versionedLines(version);
  return { status: 200, lines: headers.length === 0 ? lines : lines + linesOf(headers), body };
}

/** Versions up to this one have their lines ready: nearly all are 1. */
const READY_VERSIONS = 16;
const ready = Array.from({ length: READY_VERSIONS + 1 }, (_, version) =>
  headerLines([JSON_TYPE, etag(version)]),
);

function versionedLines(version: number): string {
  return ready[version] ?? headerLines([JSON_TYPE, etag(version)]);
}

export function etag(version: number): Header {
  return ['ETag', `"${version}"`];
}

/** To someone who has this version already; `headers` are those that the whole answer would have beside its ETag. */
export function notModified(version: number, headers: readonly Header[] = []): Reply {
  return { status: 304, lines: headerLines([etag(version), ...headers]), body: null };
}

export function valueReply(value: unknown, headers: readonly Header[] = []): Reply {
  return jsonReply(200, JSON.stringify(value), headers);
}

export function htmlReply(status: number, body: string, headers: readonly Header[]): Reply {
  return { status, lines: headerLines([HTML_TYPE, ...headers]), body };
}

/** An answer of any other type. */
export function bodyReply(
  status: number,
  type: string,
  body: string,
  headers: readonly Header[] = [],
): Reply {
  return { status, lines: headerLines([['Content-Type', type], ...headers]), body };
}

/** An answer that is written piece by piece. */
export function streamReply(
  type: string,
  stream: (sink: Sink) => Promise<void>,
  headers: readonly Header[] = [],
): Reply {
  return { status: 200, lines: headerLines([['Content-Type', type], ...headers]), body: '', stream };
}

export function socketReply(socket: (socket: Socket) => Promise<void>): Reply {
  return { status: 101, lines: '', body: null, socket };
}

/** The same answer with more header lines, each with a line break before it. */
export function addLines(reply: Reply, lines: string): Reply {
  return { ...reply, lines: reply.lines + lines };
}

/** What may be kept for as long as `freshness`, a Cache-Control, says. */
export function keptReply(
  type: string,
  body: Uint8Array,
  freshness: string,
  headers: readonly Header[],
): Reply {
  return { status: 200, lines: keptLines(freshness, [['Content-Type', type], ...headers]), body };
}

/** To someone who has it already. */
export function notModifiedKept(freshness: string, headers: readonly Header[]): Reply {
  return { status: 304, lines: keptLines(freshness, headers), body: null };
}

function keptLines(freshness: string, headers: readonly Header[]): string {
  return linesOf([NO_SNIFFING, ['Cache-Control', freshness], ...headers]);
}

export const NO_CONTENT: Reply = { status: 204, lines: headerLines([]), body: null };

/** The status line's text, as uWebSockets.js wants it. */
export function statusLine(status: number): string {
  return `${status} ${reasonOf(status)}`;
}

export function reasonOf(status: number): string {
  return REASONS[status] ?? 'Status';
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
