// The page that shows the document: Swagger UI, whose files the build copies beside the program (scripts/setup.mjs).
// Everything comes from this listener, and the browser is told to let it ask nobody else.

import { readFile } from 'node:fs/promises';
import type { Header } from '../reply.js';
import { digestOf, type KeptFile, keep } from './kept-file.js';

export interface DocsPage {
  readonly html: KeptFile;
  /** By the names that stand in the page. */
  readonly files: ReadonlyMap<string, KeptFile>;
}

const SCRIPT_TYPE = 'text/javascript; charset=utf-8';
const STYLE_TYPE = 'text/css; charset=utf-8';

/**
 * No `eval`, no script or style but those files; pictures of the style sheet are data in it.
 */
export const PAGE_HEADERS: readonly Header[] = [
  [
    'Content-Security-Policy',
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
  ['Referrer-Policy', 'no-referrer'],
];

/** Where the build puts them: dist/swagger-ui/. */
const FOLDER = new URL('../../swagger-ui/', import.meta.url);

/** @throws where the program was not built as scripts/build.mjs builds it */
export async function loadDocsPage(): Promise<DocsPage> {
  const [script, style, own] = await Promise.all([
    read('swagger-ui-bundle.js').then((bytes) => named('swagger-ui-bundle', 'js', SCRIPT_TYPE, bytes)),
    read('swagger-ui.css').then((bytes) => named('swagger-ui', 'css', STYLE_TYPE, bytes)),
    named('show', 'js', SCRIPT_TYPE, Buffer.from(SHOW)),
  ]);
  const html = pageOf(style[0], [script[0], own[0]]);
  return {
    html: await keep('text/html; charset=utf-8', Buffer.from(html)),
    files: new Map([script, style, own]),
  };
}

function read(file: string): Promise<Uint8Array> {
  return readFile(new URL(file, FOLDER));
}

async function named(
  stem: string,
  ending: string,
  type: string,
  bytes: Uint8Array,
): Promise<readonly [name: string, file: KeptFile]> {
  return [`${stem}.${digestOf(bytes)}.${ending}`, await keep(type, bytes)];
}

/** Relative, so that it works behind a gateway that puts a path before it. */
function pageOf(style: string, scripts: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>invited: the API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/${style}">
</head>
<body>
<div id="document"></div>
${scripts.map((script) => `<script src="docs/${script}"></script>`).join('\n')}
</body>
</html>
`;
}

/** Operations of the admin listener can't be tried from here: it is not this one. Nobody is asked whether the document is valid. */
const SHOW = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#document',
  deepLinking: true,
  validatorUrl: 'none',
  plugins: [
    {
      statePlugins: {
        spec: {
          wrapSelectors: {
            allowTryItOutFor: () => (state, path) => !/^\\/(internal|healthz|readyz|metrics)\\b/.test(path),
          },
        },
      },
    },
  ],
});
`;
