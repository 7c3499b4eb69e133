// The configurations in deploy/ for gateways that can't be had here: no more than that they can be read, and say what all of them must.
// Whether the gateway takes them, nobody has seen.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';

const FILES = ['envoy/envoy.yaml', 'kong/kong.yaml', 'traefik/dynamic.yaml'];
const HEADERS = ['gateway-key', 'user', 'role', 'permissions', 'client-ip'];

describe.each(FILES)('%s', (file) => {
  const text = readFileSync(fileURLToPath(new URL(`../../deploy/${file}`, import.meta.url)), 'utf8');
  const document = parseDocument(text, { uniqueKeys: true });
  /** Without comments, on one line. */
  const said = JSON.stringify(document.toJS());

  it('is YAML in which no key comes twice', () => {
    expect([...document.errors, ...document.warnings]).toEqual([]);
  });

  it('names both servers by their public port, and the admin port for health checks only', () => {
    for (const address of ['10.0.0.11', '10.0.0.12']) expect(said).toContain(address);
    const ports = said.match(/[^{,]*9090/g) ?? [];
    for (const port of ports)
      expect(port).toMatch(/^"(health_check_config":\{"port_value|port_value|port)":9090$/);
    expect(said).not.toContain('/internal');
  });

  it('takes every header of ours from the client, and has a limit for bodies', () => {
    const lower = said.toLowerCase();
    for (const header of HEADERS) {
      const isTaken = [`"remove":"x-invited-${header}"`, `"x-invited-${header}":""`, `\\"${header}\\"`].some(
        (way) => lower.includes(way),
      );
      expect(isTaken, header).toBe(true);
    }
    expect(said).toMatch(/16384|"allowed_payload_size":16,"size_unit":"kilobytes"/);
  });
});
