// Answers, made before anything is sent: a status, headers beside the common ones, and a whole body.

export type Header = readonly [name: string, value: string];

export interface Reply {
  readonly status: number;
  readonly headers: readonly Header[];
  /** null: an answer that has no body at all (204). */
  readonly body: string | null;
}

const JSON_TYPE: Header = ['Content-Type', 'application/json'];
const HTML_TYPE: Header = ['Content-Type', 'text/html; charset=utf-8'];

/** A JSON answer from text that is JSON already. */
export function jsonReply(status: number, body: string, headers: readonly Header[] = []): Reply {
  return { status, headers: [JSON_TYPE, ...headers], body };
}

export function valueReply(value: unknown, headers: readonly Header[] = []): Reply {
  return jsonReply(200, JSON.stringify(value), headers);
}

export function htmlReply(status: number, body: string, headers: readonly Header[]): Reply {
  return { status, headers: [HTML_TYPE, ...headers], body };
}

export const NO_CONTENT: Reply = { status: 204, headers: [], body: null };

/** The status line's text, as uWebSockets.js wants it. */
export function statusLine(status: number): string {
  return `${status} ${REASONS[status] ?? 'Status'}`;
}

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Payload Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
