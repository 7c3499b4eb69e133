import { it } from 'vitest';
import { until } from '../support/until.js';
import { say } from './seed.js';
import { FaultWorld } from './world.js';
it('x', async () => {
  const world = await FaultWorld.open();
  await world.fill({ guilds: 5, capped: 3 });
  const host = world.host;
  const rows: any[] = [];
  const load = world.startLoad({ servers: [{ gatewayKey: host.server.gatewayKey, api: { ...host.api, post: async (path: string, call: any) => {
    const sent = performance.now();
    try { const a = await host.api.post(path, call); rows.push([call.headers['X-Invited-User'], sent, performance.now(), String(a.status), a.headers.connection]); return a; }
    catch (e: any) { rows.push([call.headers['X-Invited-User'], sent, performance.now(), `${e.code} ${e.message}`, '']); throw e; }
  } } as any }] });
  await until('some', () => load.answered > 3000, 20000);
  const t0 = performance.now();
  process.kill(host.server.pid, 'SIGTERM');
  await world.stopHost();
  say(`ended after ${performance.now() - t0}`);
  await load.stop();
  const inPg = new Set((await world.sql<any>('select user_id::text as u from invited.joins')).map((r) => r.u));
  const told = new Set(rows.filter((r) => r[3] === '200').map((r) => r[0]));
  for (const [u, sent, at, what, c] of rows) if (at > t0 && (what !== '200' || c === 'close') && !what.includes('REFUSED')) say(`${(sent - t0).toFixed(1)} → ${(at - t0).toFixed(1)} ${what} ${c} ${inPg.has(u) ? (told.has(u) ? 'in' : 'IN UNTOLD') : ''}`);
  say(`200s after t0: ${rows.filter((r) => r[2] > t0 && r[3] === '200').length}`);
  await world.close();
}, 90000);
