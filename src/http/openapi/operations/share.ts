// Of the share links, and of this document.

import { ref } from '../json-schema.js';
import { type Answer, json, type Operation, type Operations } from '../operation.js';
import { PAGE_HEADERS } from '../responses.js';

const html = (description: string) => ({ 'text/html': { schema: { type: 'string', description } } });

function share(id: string, summary: string): Operation {
  return {
    id,
    tag: 'Share links',
    summary,
    description:
      'For anyone: a page for people, with what other programs show of a link, or the plain invite to `Accept: application/json`. ' +
      'An unknown invite is the same page in its 404 form, or the error as JSON.',
    headers: ['If-None-Match'],
    answers: [
      {
        status: 200,
        says: 'The page, or the invite. Only the invite has an `ETag`, only the page the headers that tell a browser what it may do.',
        content: { ...html('The page.'), ...json(ref('SharedInvite')) },
        sometimes: ['ETag', ...PAGE_HEADERS],
      },
      { status: 304, says: 'You have this version of the invite.', headers: ['ETag'] },
    ],
    errors: ['UNKNOWN_INVITE'],
    varies: true,
    hasPages: true,
  };
}

export const SHARE_OPERATIONS: Operations = {
  'GET /invite/{code}': share('shareInvite', 'Open a share link'),
  'GET /{code}': share('shareCode', 'Open a short share link'),
};

const TAG = 'This document';

const YOU_HAVE_IT: Answer = { status: 304, says: 'You have it.', headers: ['ETag', 'Vary'] };

export const DOCS_OPERATIONS: Operations = {
  'GET /openapi.json': {
    id: 'getOpenApi',
    tag: TAG,
    summary: 'This document',
    description: 'For anyone: OpenAPI 3.1.',
    headers: ['If-None-Match'],
    answers: [
      {
        status: 200,
        says: 'The document.',
        content: { 'application/json': { schema: { type: 'object', description: 'OpenAPI 3.1.' } } },
        headers: ['ETag', 'Vary', 'Content-Encoding'],
      },
      YOU_HAVE_IT,
    ],
  },
  'GET /docs': {
    id: 'getDocs',
    tag: TAG,
    summary: 'This document as a page',
    description: 'For anyone.',
    headers: ['If-None-Match'],
    answers: [
      {
        status: 200,
        says: 'The page.',
        content: html('The page.'),
        headers: ['ETag', 'Vary', 'Content-Encoding', 'Content-Security-Policy', 'Referrer-Policy'],
      },
      { ...YOU_HAVE_IT, headers: ['ETag', 'Vary', 'Content-Security-Policy', 'Referrer-Policy'] },
    ],
  },
  'GET /docs/{file}': {
    id: 'getDocsFile',
    tag: TAG,
    summary: 'A file of the page',
    description: 'For anyone. Its name changes with what is in it, so it may be kept for ever.',
    headers: ['If-None-Match'],
    answers: [
      {
        status: 200,
        says: 'The file.',
        content: {
          'text/javascript': { schema: { type: 'string' } },
          'text/css': { schema: { type: 'string' } },
          'text/plain': { schema: { type: 'string' } },
        },
        headers: ['ETag', 'Vary', 'Content-Encoding'],
      },
      YOU_HAVE_IT,
    ],
    errors: ['NOT_FOUND'],
  },
};
