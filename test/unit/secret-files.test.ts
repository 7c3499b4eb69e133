// Secrets that come from files.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.js';
import { withSecretFiles } from '../../src/secret-files.js';
import { StartError } from '../../src/start-error.js';
import { removeFolder } from '../support/remove-folder.js';

const folder = mkdtempSync(join(tmpdir(), 'invited-secrets-'));
afterAll(() => removeFolder(folder));

const SECRET = 'a secret of more than thirty-two bytes';

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('withSecretFiles', () => {
  it('puts what stands in the files in the place of their names, and leaves the rest alone', () => {
    const env = withSecretFiles({
      PATH: '/bin',
      INVITED_PORT: '1',
      INVITED_JWT_SECRET_FILE: file('jwt', `${SECRET}\n`),
      INVITED_REDIS_URL: '',
      INVITED_REDIS_URL_FILE: file('redis', 'redis://:pass@redis:6379\r\n'),
      INVITED_POSTGRES_URL_FILE: '',
      INVITED_SOMETHING_FILE: '/nowhere',
    });
    expect(env).toEqual({
      PATH: '/bin',
      INVITED_PORT: '1',
      INVITED_JWT_SECRET: SECRET,
      INVITED_REDIS_URL: 'redis://:pass@redis:6379',
      INVITED_SOMETHING_FILE: '/nowhere',
    });
    expect(loadConfig(env).jwtSecret?.reveal()).toBe(SECRET);
  });

  it('names every setting whose file is wrong, in one line, and nothing that stands in it', () => {
    const wrong = {
      INVITED_JWT_SECRET: SECRET,
      INVITED_JWT_SECRET_FILE: file('second', SECRET),
      INVITED_REDIS_URL_FILE: join(folder, 'missing'),
      INVITED_POSTGRES_URL_FILE: folder,
      INVITED_GATEWAY_KEYS_FILE: file('empty', ' \n'),
      INVITED_WEBHOOK_SECRET_FILE: file('large', Buffer.alloc(65_537, 'é')),
    };
    expect(() => withSecretFiles(wrong)).toThrow(
      new StartError(
        "Wrong settings: INVITED_REDIS_URL_FILE names a file that can't be read (ENOENT); " +
          "INVITED_POSTGRES_URL_FILE names a file that can't be read (EISDIR); " +
          'INVITED_JWT_SECRET_FILE must not be set beside INVITED_JWT_SECRET; ' +
          'INVITED_GATEWAY_KEYS_FILE names an empty file; ' +
          'INVITED_WEBHOOK_SECRET_FILE names a file of more than 65536 bytes.',
      ),
    );
  });

  it('takes a file of 64 KiB', () => {
    const env = withSecretFiles({ INVITED_GATEWAY_KEYS_FILE: file('keys', 'k'.repeat(65_536)) });
    expect(env['INVITED_GATEWAY_KEYS']).toHaveLength(65_536);
  });
});
