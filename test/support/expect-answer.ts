// What every answer has in common, and what makes an answer an error of the contract, for the HTTP tests.
// Must never compare a message: clients match on codes.

import { expect } from 'vitest';
import type { Answer } from './client.js';

export const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
export const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The headers of every answer of the API. */
export function expectCommonHeaders(answer: Answer): void {
  expect(answer.headers['x-request-id']).toMatch(/^[!-~]{1,128}$/);
  expect(answer.headers['x-content-type-options']).toBe('nosniff');
  expect(answer.headers['cache-control']).toBe('no-store');
}

/** An error without field errors. */
export function expectError(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, body: answer.text && answer.json() }).toEqual({
    status,
    body: { code, message: expect.stringMatching(/./) },
  });
  expect(answer.headers['content-type']).toMatch(/^application\/json\b/);
  expectCommonHeaders(answer);
}

/** A 400 that names at least one field; the first one is at `path`, with the given code, where told. */
export function expectInvalid(answer: Answer, path?: string, fieldCode?: string): void {
  expect({ status: answer.status, body: answer.text && answer.json() }).toEqual({
    status: 400,
    body: { code: 'INVALID_FORM_BODY', message: expect.stringMatching(/./), errors: expect.any(Array) },
  });
  const errors = answer.object()['errors'] as readonly unknown[];
  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) {
    expect(error).toEqual({
      path: expect.any(String),
      code: expect.stringMatching(/^[A-Z][A-Z0-9_]*$/),
      message: expect.stringMatching(/./),
    });
  }
  if (path !== undefined) expect(errors[0]).toMatchObject({ path });
  if (fieldCode !== undefined) expect(errors[0]).toMatchObject({ code: fieldCode });
  expectCommonHeaders(answer);
}

/** A 204 has no body. */
export function expectNoContent(answer: Answer): void {
  expect({ status: answer.status, text: answer.text }).toEqual({ status: 204, text: '' });
  expectCommonHeaders(answer);
}
