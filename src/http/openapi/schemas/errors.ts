// Errors, in both their forms.

import { FIELD_ERROR_CODES } from '../../field-errors.js';
import { type JsonSchema, listOf, object, ref, text } from '../json-schema.js';

const code = text('What clients match on.');
const message = text('For people. It may change at any time.');
const errors = listOf(ref('FieldError'), {
  description: 'Only with `INVALID_FORM_BODY`: everything that is wrong.',
});
const limited = {
  retry_after: {
    type: 'number',
    minimum: 0,
    description: 'Seconds until there is room again, with decimals.',
  },
  global: { type: 'boolean', const: false, description: 'No limit is for all routes at once.' },
};
const details = {
  type: { type: 'string', const: 'about:blank', description: 'What kind it is says `code`.' },
  title: text('What the status is called.'),
  status: { type: 'integer', minimum: 400, maximum: 599, description: 'The status, once more.' },
  detail: text('For people: the `message` of the other form.'),
  code,
};

export const ERRORS: Readonly<Record<string, JsonSchema>> = {
  FieldError: object(
    {
      path: text(
        'Where: a field as `roles.0.id`, `body` for the whole body, a parameter of the path or the query, or the name of a header.',
      ),
      code: { type: 'string', enum: FIELD_ERROR_CODES, description: 'What is wrong with it.' },
      message,
    },
    { description: 'One thing that is wrong with a request.' },
  ),
  Error: object(
    { code, message, errors },
    {
      optional: ['errors'],
      description: 'An error.',
      examples: [{ code: 'UNKNOWN_INVITE', message: 'There is no such invite.' }],
    },
  ),
  ProblemDetails: object(
    { ...details, errors },
    {
      optional: ['errors'],
      description: 'The same error as RFC 9457 has it, for who asks for `application/problem+json`.',
    },
  ),
  RateLimited: object(
    { code: { type: 'string', const: 'RATE_LIMITED' }, message, ...limited },
    { description: 'Too many requests.' },
  ),
  RateLimitedProblem: object(
    { ...details, code: { type: 'string', const: 'RATE_LIMITED' }, ...limited },
    { description: 'The same as RFC 9457 has it.' },
  ),
};
