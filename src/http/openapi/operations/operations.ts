// What is said of all routes of both listeners.

import type { Operations } from '../operation.js';
import { DIRECTORY_OPERATIONS } from './directory.js';
import { EVENT_OPERATIONS, HEALTH_OPERATIONS, IMPORT_OPERATIONS, JOIN_OPERATIONS } from './host.js';
import { INVITE_OPERATIONS } from './invites.js';
import { DOCS_OPERATIONS, SHARE_OPERATIONS } from './share.js';
import { VANITY_OPERATIONS } from './vanity.js';

export const OPERATIONS: Operations = {
  ...INVITE_OPERATIONS,
  ...VANITY_OPERATIONS,
  ...SHARE_OPERATIONS,
  ...DOCS_OPERATIONS,
  ...DIRECTORY_OPERATIONS,
  ...IMPORT_OPERATIONS,
  ...EVENT_OPERATIONS,
  ...JOIN_OPERATIONS,
  ...HEALTH_OPERATIONS,
};
