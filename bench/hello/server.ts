// The ceiling: a bare uWebSockets.js that answers every request with the same headers and a body of the same size as
// the contender's, in as few calls as can be. HELLO_BODY is that body; prints `ready http://127.0.0.1:PORT`.

import { loadUws } from '../../src/http/uws.js';

const body = process.env['HELLO_BODY'] ?? '{}';
const lines =
  'application/json\r\nX-Request-Id: 01ARZ3NDEKTSV4RRFFQ69G5FAV\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nETag: "1"';

const { uws } = loadUws();
const app = uws.App({});
app.any('/*', (response) => {
  response.cork(() => {
    response.writeHeader('Content-Type', lines);
    response.end(body);
  });
});
app.listen('127.0.0.1', 0, (socket) => {
  if (!socket) throw new Error('no port');
  process.stdout.write(`ready http://127.0.0.1:${uws.us_socket_local_port(socket)}\n`);
});
// Ends with whoever started it.
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
