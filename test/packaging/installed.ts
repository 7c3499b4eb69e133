// The package as somebody else gets it: packed by npm, and installed in an empty project. By default its dependencies are those of
// this working copy, linked, so that no network is needed; with INVITED_TEST_REGISTRY=1 npm installs all of it.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { removeFolder } from '../support/remove-folder.js';

const ROOT = join(import.meta.dirname, '../..');
const NPM_MAX_MS = 240_000;
const PROGRAM_MAX_MS = 60_000;

const execute = promisify(execFile);

export interface Project {
  readonly folder: string;
  /** What the package holds. */
  readonly packed: readonly string[];
  write(file: string, text: string): Promise<void>;
  /** Runs a program of Node in it. */
  run(
    args: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
  /** Runs the TypeScript compiler in it. @returns what it says; '' for nothing */
  compile(...args: readonly string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function installPackage(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'invited-package-'));
  const within = (file: string): string => join(folder, file);
  await writeFile(within('package.json'), JSON.stringify({ name: 'host', private: true, type: 'module' }));
  const { tarball, packed } = await pack(folder);
  await (process.env['INVITED_TEST_REGISTRY'] === '1' ? install(folder, tarball) : unpack(folder, tarball));
  const run: Project['run'] = async (args, env = {}) => {
    try {
      const { stdout, stderr } = await execute(process.execPath, args, {
        cwd: folder,
        env: { PATH: process.env['PATH'], ...env },
        timeout: PROGRAM_MAX_MS,
      });
      return { code: 0, stdout, stderr };
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as Record<'code' | 'stdout' | 'stderr', never>;
      return { code: Number(code ?? -1), stdout, stderr };
    }
  };
  return {
    folder,
    packed,
    async write(file, text) {
      await writeFile(within(file), text);
    },
    run,
    async compile(...args) {
      const { stdout, stderr } = await run([join(ROOT, 'node_modules/typescript/bin/tsc'), ...args]);
      return stdout + stderr;
    },
    remove: () => removeFolder(folder),
  };
}

async function pack(folder: string) {
  const { stdout } = await npm(ROOT, ['pack', '--json', '--pack-destination', folder]);
  // What the build says comes before it.
  const [{ filename, files }] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  return { tarball: join(folder, filename), packed: files.map(({ path }) => path) };
}

async function install(folder: string, tarball: string): Promise<void> {
  await npm(folder, ['install', '--no-audit', '--no-fund', tarball]);
}

async function unpack(folder: string, tarball: string): Promise<void> {
  const target = join(folder, 'node_modules/invited');
  await mkdir(target, { recursive: true });
  await execute('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
  const manifest = JSON.parse(await readFile(join(target, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  // Only what it names itself: what it uses beyond that is not found.
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(target, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), link);
  }
}

function npm(folder: string, args: readonly string[]) {
  // npm tells its scripts about itself; one within another must not be told of the outer one's project.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  return execute('npm', args, { cwd: folder, env, timeout: NPM_MAX_MS, maxBuffer: 16 * 1024 * 1024 });
}
