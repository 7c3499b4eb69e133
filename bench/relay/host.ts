// A host that takes every event twice, as cheaply as can be: by webhook, and as an event stream. Started by relay.ts, over IPC: says
// where it receives, is told what to read, and says what it has taken when it is asked.

import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';

export type HostAsked =
  | { readonly kind: 'read'; readonly url: string; readonly headers: Record<string, string> }
  | { readonly kind: 'count' };

export type HostSaid =
  | { readonly kind: 'listening'; readonly url: string }
  /** Accepts, by either way. */
  | { readonly kind: 'counted'; readonly webhook: number; readonly stream: number };

const ACCEPT = '"type":"INVITE_ACCEPT"';
let webhook = 0;
let stream = 0;

const say = (said: HostSaid): void => void process.send?.(said);

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (chunk: string) => {
    body += chunk;
  });
  request.on('end', () => {
    if (body.includes(ACCEPT)) webhook += 1;
    response.writeHead(204).end();
  });
});
server.listen(0, '127.0.0.1', () => {
  say({ kind: 'listening', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` });
});

function read(url: string, headers: Record<string, string>): void {
  get(url, { headers: { ...headers, accept: 'text/event-stream' } }, (response) => {
    let rest = '';
    response.setEncoding('latin1').on('data', (chunk: string) => {
      const text = rest + chunk;
      const end = text.lastIndexOf('\n') + 1;
      for (let at = text.indexOf(ACCEPT); at !== -1 && at < end; at = text.indexOf(ACCEPT, at + 1))
        stream += 1;
      rest = text.slice(end);
    });
    response.on('close', () => process.exit(1));
  }).on('error', () => process.exit(1));
}

process.on('message', (asked: HostAsked) => {
  if (asked.kind === 'read') read(asked.url, asked.headers);
  else say({ kind: 'counted', webhook, stream });
});
process.on('disconnect', () => process.exit(0));
