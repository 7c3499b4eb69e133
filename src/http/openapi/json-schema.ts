// The few forms of JSON Schema (2020-12) that the document is written in.

export type JsonSchema = { readonly [keyword: string]: unknown };

/** A schema of `components`, by its name. */
export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

export interface ObjectExtras {
  /** Those that may be missing; all others are always there. */
  readonly optional?: readonly string[];
  readonly [keyword: string]: unknown;
}

export function object(
  properties: Readonly<Record<string, JsonSchema>>,
  { optional = [], ...keywords }: ObjectExtras = {},
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return {
    type: 'object',
    ...keywords,
    ...(required.length === 0 ? {} : { required }),
    properties,
  };
}

export function listOf(items: JsonSchema, keywords: JsonSchema = {}): JsonSchema {
  return { type: 'array', ...keywords, items };
}

/** The schema, or null. */
export function nullable(schema: JsonSchema, keywords: JsonSchema = {}): JsonSchema {
  if (typeof schema['type'] === 'string') return { ...schema, type: [schema['type'], 'null'], ...keywords };
  return { ...keywords, anyOf: [schema, { type: 'null' }] };
}

export function text(description: string, keywords: JsonSchema = {}): JsonSchema {
  return { type: 'string', description, ...keywords };
}

export function count(description: string, keywords: JsonSchema = {}): JsonSchema {
  return { type: 'integer', minimum: 0, description, ...keywords };
}

export function flag(description: string): JsonSchema {
  return { type: 'boolean', description };
}

/** A schema of `components` with a word on what it is here. */
export function is(name: string, description: string): JsonSchema {
  return { ...ref(name), description };
}

/** The same, or null. */
export function maybe(name: string, description: string): JsonSchema {
  return nullable(ref(name), { description });
}
