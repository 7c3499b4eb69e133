// What can be wrong with a field, in the words of the contract where it has them, and of this file elsewhere.

import * as v from 'valibot';
import type { FieldError } from './problem.js';

const MESSAGES = {
  REQUIRED: 'This is required.',
  INVALID_TYPE: 'This is of the wrong type.',
  INVALID_VALUE: 'This value is not possible here.',
  INVALID_ID: 'This is not an id: a decimal number as a string.',
  INVALID_ADDRESS: 'This is not an IPv4 or IPv6 address.',
  INVALID_JSON: 'This is not JSON as it is read here.',
  INVALID_PERMISSIONS: 'This is not a permission bit field: a decimal number as a string.',
  OUT_OF_RANGE: 'This is too small or too large.',
  TOO_MANY: 'There are too many of them.',
  OWNER_NOT_A_RECIPIENT: 'The owner must be one of the recipients.',
  ID_TAKEN: 'Something else has this id.',
  CODE_TAKEN: 'This code is taken.',
  ALREADY_OVER: 'An invite with these settings has ended already.',
  LINE_TOO_LONG: 'The line is longer than 64 KiB.',
  VANITY_URL_CODE_LENGTH_INVALID: 'A vanity code has 3 to 32 characters.',
  VANITY_URL_INVALID_CHARACTERS: 'A vanity code is made of a-z, 0-9 and hyphens between them.',
  VANITY_URL_CODE_RESERVED: 'This code is reserved.',
  VANITY_URL_REQUIRES_FEATURE: 'The guild lacks the feature VANITY_URL.',
  VANITY_URL_CODE_ALREADY_TAKEN: 'This code is taken.',
} as const;

export type FieldErrorCode = keyof typeof MESSAGES;

export const FIELD_ERROR_CODES = Object.keys(MESSAGES) as readonly FieldErrorCode[];

export function fieldError(path: string, code: FieldErrorCode): FieldError {
  return { path, code, message: MESSAGES[code] };
}

/** valibot's issues in our words: schemas give a code as their message; what is missing is REQUIRED. */
export function fieldErrors(issues: readonly v.BaseIssue<unknown>[]): readonly FieldError[] {
  return issues.map((issue) => {
    const path = v.getDotPath(issue) ?? 'body';
    // Null is missing where it is of the wrong type; where it is refused on its own account, that says why.
    const isMissing = issue.input === undefined || (issue.input === null && issue.kind === 'schema');
    if (isMissing) return fieldError(path, 'REQUIRED');
    return fieldError(path, isCode(issue.message) ? issue.message : 'INVALID_TYPE');
  });
}

function isCode(message: string): message is FieldErrorCode {
  return Object.hasOwn(MESSAGES, message);
}
