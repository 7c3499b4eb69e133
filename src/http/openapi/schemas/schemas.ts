// All named schemas of the document.

import type { JsonSchema } from '../json-schema.js';
import { DIRECTORY } from './directory.js';
import { ERRORS } from './errors.js';
import { EVENT_SCHEMAS } from './events.js';
import { IMPORT } from './import.js';
import { INVITES } from './invites.js';
import { HEALTH, JOINS } from './joins.js';
import { PRIMITIVES } from './primitives.js';

export const SCHEMAS: Readonly<Record<string, JsonSchema>> = {
  ...INVITES,
  ...DIRECTORY,
  ...IMPORT,
  ...EVENT_SCHEMAS,
  ...JOINS,
  ...HEALTH,
  ...ERRORS,
  ...PRIMITIVES,
};
