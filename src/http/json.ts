// Reads JSON that strangers send. Stricter than JSON.parse where leniency hurts later: UTF-8 must be valid, nesting is
// bounded, no key `__proto__`, no lone surrogates (contract §7, HTTP).

import { JSON_DEPTH_MAX } from '../invite/limits.js';
import { fieldError } from './field-errors.js';
import type { FieldError } from './problem.js';

export type JsonParse =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: FieldError };

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parses bytes; an empty body is `undefined`. */
export function parseJson(bytes: Uint8Array): JsonParse {
  if (bytes.byteLength === 0) return { ok: true, value: undefined };
  let value: unknown;
  try {
    // A byte order mark stays in the text, where JSON.parse refuses it.
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return { ok: false, error: fieldError('body', 'INVALID_JSON') };
  }
  const error = findProblem(value);
  return error === null ? { ok: true, value } : { ok: false, error };
}

/** Walks the whole value without recursion, since its depth is the sender's choice. */
function findProblem(root: unknown): FieldError | null {
  const open: { readonly value: unknown; readonly path: string; readonly depth: number }[] = [
    { value: root, path: '', depth: 0 },
  ];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { value, path, depth } = node;
    if (typeof value === 'string' && !value.isWellFormed()) return fieldError(path || 'body', 'INVALID_JSON');
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= JSON_DEPTH_MAX) return fieldError('body', 'INVALID_JSON');
    for (const key of Object.keys(value)) {
      const at = path === '' ? key : `${path}.${key}`;
      if (key === '__proto__' || !key.isWellFormed()) return fieldError(at.toWellFormed(), 'INVALID_JSON');
      open.push({ value: (value as Record<string, unknown>)[key], path: at, depth: depth + 1 });
    }
  }
  return null;
}
