// Reads invited's events as a stream, prints a line for each, and goes on where it stood: after a cut, and after a restart.
//
//   INVITED_TOKEN=$(npx invited token --user 1 --role service) node examples/sse-reader.mjs
//
// INVITED_ADMIN_URL (http://127.0.0.1:9090) says whom to read, CURSOR_FILE (events.cursor) where it is noted how far we are.

import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const {
  INVITED_ADMIN_URL = 'http://127.0.0.1:9090',
  INVITED_TOKEN,
  CURSOR_FILE = 'events.cursor',
} = process.env;
// The server keeps for this name what we have not read yet.
const url = `${INVITED_ADMIN_URL}/internal/v1/events?consumer=sse-reader`;
let cursor = existsSync(CURSOR_FILE) ? readFileSync(CURSOR_FILE, 'utf8') : '';

/** One connection, until it ends. */
async function read() {
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${INVITED_TOKEN}` };
  const response = await fetch(url, {
    headers: cursor === '' ? headers : { ...headers, 'last-event-id': cursor },
  });
  if (response.status === 410) {
    console.error('events were missed: read anew what you keep of invites');
    cursor = '';
    return;
  }
  if (response.status !== 200) throw new Error(`status ${response.status}`);
  let text = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const messages = (text + chunk).split('\n\n');
    text = messages.pop() ?? '';
    for (const message of messages) {
      // One without an id is no event: a sign of life, or why the stream ends.
      const [, id, json] = /^id: (.*)\ndata: (.*)$/.exec(message) ?? [];
      if (id === undefined) continue;
      const event = JSON.parse(json);
      console.log(
        `${event.id} ${event.type} ${event.guild_id ?? event.channel_id} ${JSON.stringify(event.data)}`,
      );
      cursor = id;
    }
    // First what we do with the events, then that we have them: after a crash some come again, and none is lost.
    writeFileSync(`${CURSOR_FILE}.new`, cursor);
    renameSync(`${CURSOR_FILE}.new`, CURSOR_FILE);
  }
}

for (let failures = 0; ; failures += 1) {
  await read().then(
    () => {
      failures = 0;
    },
    (error) => console.error(`reading failed: ${error.message}`),
  );
  await pause(Math.min(250 * 2 ** failures, 10_000) * (0.5 + Math.random() / 2));
}
