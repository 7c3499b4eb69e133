// The description of the API, for programs (/openapi.json) and for people (/docs).

import { type KeptFile, keep, keptFileReply } from '../docs/kept-file.js';
import { type DocsPage, loadDocsPage, PAGE_HEADERS } from '../docs/page.js';
import { problem } from '../problem.js';
import { open, type Route } from '../route.js';

/** @param document asked once, when somebody wants it: it describes these routes too */
export function docsRoutes(document: () => object): readonly Route[] {
  const openApi = once<KeptFile>(() =>
    keep('application/json', Buffer.from(`${JSON.stringify(document(), null, 1)}\n`)),
  );
  const page = once<DocsPage>(loadDocsPage);
  return [
    open('GET', '/openapi.json', async ({ request }) =>
      keptFileReply(await openApi(), 'no-cache', request.headers),
    ),
    open('GET', '/docs', async ({ request }) =>
      keptFileReply((await page()).html, 'no-cache', request.headers, PAGE_HEADERS),
    ),
    open('GET', '/docs/{file}', async (call) => {
      const file = (await page()).files.get(call.param('file'));
      if (file === undefined) return problem('NOT_FOUND');
      return keptFileReply(file, 'public, max-age=31536000, immutable', call.request.headers);
    }),
  ];
}

/** Makes it when it is asked for the first time; what failed is tried again. */
function once<Made>(make: () => Promise<Made>): () => Promise<Made> {
  let made: Promise<Made> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}
