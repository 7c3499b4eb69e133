// What must be there before anything of ours can run: Node 20, the packages, redis-server, the built program.
// Each step looks first and does nothing when all is well, so a second start costs milliseconds.
// Uses nothing but Node: it runs before the packages are there.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR_MIN = 20;
const INSTALL_MAX_MS = 15 * 60_000;
const DOCS_PAGE_FILES = [
  'swagger-ui-bundle.js',
  'swagger-ui-bundle.js.LICENSE.txt',
  'swagger-ui.css',
  'LICENSE',
  'NOTICE',
];

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Ends the program with one clear line. */
export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

export function ensureNode() {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < NODE_MAJOR_MIN) {
    fail(`Node ${NODE_MAJOR_MIN} or later is needed; this one is ${process.versions.node}.`);
  }
}

/** `npm ci`, when what is installed isn't what package-lock.json asks for. */
export function ensurePackages() {
  ensureNode();
  if (packagesAreThere()) return;
  say('Installing the packages (npm ci) …');
  // npm names itself to its scripts; without it this was started by hand, with npm on the PATH.
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  const flags = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = run([...npm, ...flags]);
  if (!done) fail('The packages could not be installed: npm ci failed, see above.');
}

/** npm writes down what it has installed; packages for other systems (optional ones) are not in it. */
function packagesAreThere() {
  const wanted = packagesIn('package-lock.json');
  const installed = packagesIn('node_modules/.package-lock.json');
  if (wanted === null || installed === null) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    const found = installed[path];
    if (path === '' || (found === undefined && entry.optional)) return true;
    return found?.version === entry.version && found?.integrity === entry.integrity;
  });
}

function packagesIn(lockFile) {
  try {
    return JSON.parse(readFileSync(join(root, lockFile), 'utf8')).packages;
  } catch {
    return null;
  }
}

export function ensureRedis() {
  const wasInstalled = ensureProgram({
    program: 'redis-server',
    packages: { apt: 'redis-server', dnf: 'redis', brew: 'redis' },
    elsewhere: 'start one elsewhere and set INVITED_REDIS_URL',
  });
  if (wasInstalled && existsSync('/run/systemd/system')) {
    say('The package also runs a Redis of the system, on port 6379; invited does not use that one.');
  }
}

export function ensureLuacheck() {
  ensureProgram({
    program: 'luacheck',
    packages: { apt: 'lua-check', brew: 'luacheck' },
    elsewhere: 'get it with `luarocks install luacheck`',
  });
}

/** Looks for `program` on the PATH, and installs it where that needs no question: as root, by sudo without a password, by Homebrew. True: it did. */
function ensureProgram({ program, packages, elsewhere }) {
  if (isOnPath(program)) return false;
  const attempts = installAttempts(packages);
  for (const [index, command] of attempts.entries()) {
    say(`${index === 0 ? `${program} is not here. ` : ''}Installing it: ${command.join(' ')}`);
    if (run(command, { DEBIAN_FRONTEND: 'noninteractive' }) && isOnPath(program)) return true;
  }
  const hints = [`apt-get install ${packages.apt}`];
  if (packages.dnf !== undefined) hints.push(`dnf install ${packages.dnf}`);
  hints.push(`brew install ${packages.brew}`);
  const tried = attempts.length > 0 ? 'could not be installed' : 'is not on the PATH';
  return fail(`${program} ${tried}. Type one of: ${hints.join(' | ')}; or ${elsewhere}.`);
}

function installAttempts(packages) {
  if (isOnPath('apt-get')) {
    const asRoot =
      process.getuid?.() === 0 ? [] : isOnPath('sudo') && sudoAsksNothing() ? ['sudo', '-n'] : null;
    if (asRoot === null) return [];
    const install = [...asRoot, 'apt-get', 'install', '-y', '--no-install-recommends', packages.apt];
    // The lists of packages can be missing or old: only then the second and third are needed.
    return [install, [...asRoot, 'apt-get', 'update'], install];
  }
  return isOnPath('brew') ? [['brew', 'install', packages.brew]] : [];
}

function sudoAsksNothing() {
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore', timeout: 5000 }).status === 0;
}

/** Compiles src/ to dist/, when dist/ wasn't made from exactly these sources. */
export function ensureBuilt() {
  const stampFile = join(root, 'dist', '.stamp');
  const stamp = digestOfSources();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  say('Building …');
  rmSync(stampFile, { force: true });
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!run([process.execPath, compiler, '-p', 'tsconfig.build.json', '--noEmitOnError'])) {
    fail('The program could not be built: the TypeScript compiler failed, see above.');
  }
  removeStale();
  copyDocsPage();
  writeFileSync(stampFile, stamp);
}

function digestOfSources() {
  const hash = createHash('sha256');
  const files = [
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'scripts/setup.mjs',
    ...filesUnder('src'),
  ];
  for (const file of files)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  return hash.digest('hex');
}

/** Swagger UI, which /docs shows the API with, and what its licences ask for. */
function copyDocsPage() {
  const from = join(root, 'node_modules', 'swagger-ui-dist');
  const to = join(root, 'dist', 'swagger-ui');
  mkdirSync(to, { recursive: true });
  for (const file of DOCS_PAGE_FILES) copyFileSync(join(from, file), join(to, file));
}

/** A compiled file whose source is gone could still be imported. */
function removeStale() {
  for (const file of filesUnder('dist')) {
    const source = join('src', relative('dist', file)).replace(/\.(?:js|js\.map|d\.ts)$/, '.ts');
    if (!existsSync(join(root, source))) rmSync(join(root, file));
  }
}

function filesUnder(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

function isOnPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

function run([program, ...args], env = {}) {
  // What it prints is talk: our own stdout is for what the program prints.
  const done = spawnSync(program, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
    timeout: INSTALL_MAX_MS,
  });
  return done.status === 0;
}

export function say(line) {
  process.stderr.write(`${line}\n`);
}
