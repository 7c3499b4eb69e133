// Which process listens on a TCP port, as Linux tells it: the socket's inode, and who has that open. Another user's processes
// are not shown to us, nor any of another system: then it is not known.

import { readdir, readFile, readlink } from 'node:fs/promises';

const LISTENING = '0A';
const PROCESSES_MAX = 20_000;

/** `name (pid 123)`, or null. */
export async function listenerOwner(port: number): Promise<string | null> {
  const inodes = new Set((await Promise.all(['tcp', 'tcp6'].map((table) => inodesOf(table, port)))).flat());
  if (inodes.size === 0) return null;
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids.slice(0, PROCESSES_MAX)) {
    if (!(await hasOpen(pid, inodes))) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a process');
    return `${name.trim()} (pid ${pid})`;
  }
  return null;
}

/** Of the sockets that listen there. A line: number, own address:port in hex, the other's, state, …, inode. */
async function inodesOf(table: string, port: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '');
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTENING && fields[1]?.endsWith(`:${wanted}`))
    .flatMap((fields) => fields[9] ?? []);
}

async function hasOpen(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  for (const file of await readdir(folder).catch(() => [])) {
    const target = await readlink(`${folder}/${file}`).catch(() => '');
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined && inodes.has(inode)) return true;
  }
  return false;
}
