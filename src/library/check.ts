// Arguments of the library, held against the same schemas as requests: plain strings come in, branded ids go on.

import * as v from 'valibot';
import { type FieldErrorCode, fieldError } from '../http/field-errors.js';
import { InvalidFields } from '../http/problem.js';
import { validate } from '../http/validate.js';
import { type Address, parseAddress } from '../invite/address.js';
import { isRole, type Caller as KnownCaller } from '../invite/caller.js';
import { isSnowflake, type Snowflake } from '../invite/id.js';
import { isPermissions, knownBits } from '../invite/permissions.js';
import type { WantedVersion } from '../invite/version.js';
import type { Caller, IfVersion } from './forms.js';
import { InvalidInput } from './invalid-input.js';

/** @throws InvalidInput with every field that is wrong */
export function checked<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  try {
    return validate(schema, value);
  } catch (error) {
    throw error instanceof InvalidFields ? new InvalidInput(error.errors) : error;
  }
}

export function refuse(path: string, code: FieldErrorCode): InvalidInput {
  return new InvalidInput([fieldError(path, code)]);
}

export function idAt(path: string, value: unknown): Snowflake {
  if (isSnowflake(value)) return value;
  throw refuse(path, value === undefined || value === null ? 'REQUIRED' : 'INVALID_ID');
}

export function textAt(path: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw refuse(path, value === undefined || value === null ? 'REQUIRED' : 'INVALID_TYPE');
}

export function addressAt(path: string, value: unknown): Address {
  const address = parseAddress(textAt(path, value));
  if (address === null) throw refuse(path, 'INVALID_ADDRESS');
  return address;
}

export function callerAt(path: string, value: Caller): KnownCaller {
  if (typeof value !== 'object' || value === null) {
    return { userId: idAt(path, value), role: 'user', permissions: null };
  }
  const role = value.role ?? 'user';
  if (!isRole(role)) throw refuse(`${path}.role`, 'INVALID_VALUE');
  const permissions = value.permissions ?? null;
  if (permissions !== null && !isPermissions(permissions)) {
    throw refuse(`${path}.permissions`, 'INVALID_PERMISSIONS');
  }
  return {
    userId: idAt(`${path}.userId`, value.userId),
    role,
    permissions: permissions === null ? null : knownBits(permissions),
  };
}

export function versionsOf({ ifVersion }: IfVersion): WantedVersion {
  if (ifVersion === undefined) return 'any';
  const versions = typeof ifVersion === 'number' ? [ifVersion] : ifVersion;
  const isList = Array.isArray(versions) && versions.every((one) => Number.isSafeInteger(one) && one >= 0);
  if (!isList) throw refuse('ifVersion', 'INVALID_TYPE');
  return versions;
}

const PAGE_LIMIT_MAX = 1000;

export const limit = v.pipe(
  v.number('INVALID_TYPE' satisfies FieldErrorCode),
  v.integer('INVALID_TYPE' satisfies FieldErrorCode),
  v.minValue(1, 'OUT_OF_RANGE' satisfies FieldErrorCode),
  v.maxValue(PAGE_LIMIT_MAX, 'OUT_OF_RANGE' satisfies FieldErrorCode),
);
