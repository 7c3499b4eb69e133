// A receiver of invited's webhooks: verifies each, takes each event once, prints a line for it.
//
//   INVITED_WEBHOOK_SECRET=whsec_… PORT=3000 node examples/webhook-receiver.mjs
//
// Answer within the time-out (15 s) and do long work later: what isn't answered with 2xx is sent again.

import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const BODY_BYTES_MAX = 1_000_000;
/** Events come at least once. A real receiver keeps their ids where it keeps what it does with them, in one transaction. */
const SEEN_MAX = 10_000;
const seen = new Set();

const webhook = new Webhook(process.env.INVITED_WEBHOOK_SECRET ?? '');

const server = createServer(async (request, response) => {
  if (request.method !== 'POST') return response.writeHead(405, { allow: 'POST' }).end();
  const chunks = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) return response.writeHead(413, { connection: 'close' }).end();
      chunks.push(chunk);
    }
  } catch {
    return; // The sender hung up.
  }
  let event;
  try {
    // Of the bytes as they came: JSON that was parsed and written again has another signature.
    event = webhook.verify(Buffer.concat(chunks).toString(), request.headers);
  } catch {
    return response.writeHead(401).end();
  }
  const id = request.headers['webhook-id'];
  if (!seen.has(id)) {
    seen.add(id);
    if (seen.size > SEEN_MAX) seen.delete(seen.values().next().value);
    console.log(`${id} ${event.type} ${event.guild_id ?? event.channel_id} ${JSON.stringify(event.data)}`);
  }
  response.writeHead(204).end();
});

server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on port ${server.address().port}`);
});
process.on('SIGTERM', () => server.close().closeIdleConnections());
