// Holds a value against its schema, or refuses the request with every field that is wrong.

import * as v from 'valibot';
import { type FieldErrorCode, fieldError, fieldErrors } from './field-errors.js';
import { InvalidFields } from './problem.js';

export function validate<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (!result.success) throw new InvalidFields(fieldErrors(result.issues));
  return result.output;
}

/** The refusal of one field. */
export function refuseField(path: string, code: FieldErrorCode): InvalidFields {
  return new InvalidFields([fieldError(path, code)]);
}
