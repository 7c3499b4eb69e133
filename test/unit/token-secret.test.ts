// When HS256 counts, and with which secret.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { signingSecret, tokenSecret } from '../../src/run/token-secret.js';
import { StartError } from '../../src/start-error.js';
import { removeFolder } from '../support/remove-folder.js';

const JWKS = { INVITED_JWKS: '/etc/jwks.json' };
const REDIS = { INVITED_REDIS_URL: 'redis://127.0.0.1' };
const SECRET = 'a secret of at least 32 bytes, for tests';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invited-secret-'));
});
afterAll(() => removeFolder(folder));

const config = (env: Readonly<Record<string, string>>) => loadConfig({ INVITED_DATA_DIR: folder, ...env });

describe('the secret of HS256 tokens', () => {
  it.each([{}, REDIS, JWKS, { ...JWKS, ...REDIS, INVITED_DEMO: '1' }])(
    'is kept in the data folder with %o',
    async (env) => {
      const secret = (await tokenSecret(config(env)))?.reveal();
      expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(await signingSecret(config(env))).toBe(secret);
    },
  );

  it.each([{}, REDIS, JWKS, { ...JWKS, ...REDIS }])('is the one that is set, with %o', async (env) => {
    expect(await signingSecret(config({ ...env, INVITED_JWT_SECRET: SECRET }))).toBe(SECRET);
  });

  it('is none with an issuer and a Redis of your own', async () => {
    expect(await tokenSecret(config({ ...JWKS, ...REDIS }))).toBeNull();
    await expect(signingSecret(config({ ...JWKS, ...REDIS }))).rejects.toThrow(StartError);
  });
});
