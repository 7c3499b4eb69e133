// Request bodies as JSON Schema, from the very schemas that judge them (http/schemas.ts): what a client may send. What
// valibot can't say of itself (our own checks, and pieces that turn a value into another one) is said here, and only here.

import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema';
import type * as v from 'valibot';
import { isCode } from '../../invite/code.js';
import { isSnowflake } from '../../invite/id.js';
import { isPermissions } from '../../invite/permissions.js';
import { type JsonSchema, ref } from './json-schema.js';

type Converted = ReturnType<typeof toJsonSchema>;

/** @param descriptions of each property, which must all be there */
export function bodySchema(
  schema: v.GenericSchema,
  descriptions: Readonly<Record<string, string>>,
): JsonSchema {
  const { properties = {}, ...rest } = convert(schema);
  const [described, there] = [Object.keys(descriptions), Object.keys(properties)];
  if (described.sort().join() !== there.sort().join()) {
    throw new Error(`described are ${described.join(', ')}, but the body has ${there.join(', ')}`);
  }
  return {
    ...rest,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [
        name,
        { ...flat(property as JsonSchema), description: descriptions[name] },
      ]),
    ),
  };
}

const CONFIG: ConversionConfig = {
  target: 'draft-2020-12',
  typeMode: 'input',
  overrideSchema: ({ valibotSchema }) => {
    const { check, wrapped } = valibotSchema as Partial<Custom & Wrapping>;
    if (check === isSnowflake) return ref('Snowflake') as Converted;
    if (check === isPermissions) return ref('Permissions') as Converted;
    // Anything, a check, and then what it must be: read as what may come in, that would be anything.
    const pipe = wrapped?.pipe;
    const last = pipe?.at(-1);
    return pipe?.[0]?.type === 'unknown' && last?.kind === 'schema' ? convert(last as v.GenericSchema) : null;
  },
  overrideAction: ({ valibotAction, jsonSchema }) => {
    if (valibotAction.type !== 'check' && valibotAction.type !== 'partial_check') return null;
    // What several fields must be together is said in words.
    const { requirement } = valibotAction as { readonly requirement?: unknown };
    return requirement === isCode ? (ref('InviteCode') as Converted) : jsonSchema;
  },
};

interface Custom {
  readonly check: unknown;
}

interface Wrapping {
  readonly wrapped: { readonly pipe?: readonly { readonly kind: string; readonly type: string }[] };
}

function convert(schema: v.GenericSchema): Converted {
  const { $schema: _, required, ...converted } = toJsonSchema(schema, CONFIG);
  return required === undefined || required.length === 0 ? converted : { ...converted, required };
}

/** A value or null, as a list of types where that says the same. */
function flat(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf) || anyOf.length !== 2) return schema;
  const [first, second] = anyOf as readonly JsonSchema[];
  if (typeof first?.['type'] !== 'string' || second?.['type'] !== 'null') return schema;
  return { ...first, type: [first['type'], 'null'], ...rest };
}
