// Puts the Lua scripts together with the pieces they share (lua/README.md): as one library of functions, which Redis keeps
// compiled, and each as a script of its own.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../lua/', import.meta.url));
const INCLUDE = /^--! include ([a-z-]+)$/;
const SHEBANG = /^#!lua(?: flags=([a-z,-]+))?$/;
/** What makes a script answer only from the data that its caller serves. */
const GATE = 'gate';

export interface Script {
  /** Whole: for EVAL. */
  readonly text: string;
  /** What to call it by in the library. */
  readonly functionName: string;
  /** Is it told the epoch? */
  readonly isGated: boolean;
}

export interface Library {
  readonly name: string;
  readonly text: string;
  /** By their file's name. */
  readonly scripts: ReadonlyMap<string, Script>;
}

/** Every library of ours is called so, with the digest of its text behind it: two versions can be there at once. */
export const LIBRARY_PREFIX = 'invited_';

interface Source {
  readonly name: string;
  readonly shebang: string;
  readonly flags: readonly string[];
  readonly body: string;
  /** The pieces it needs, what a piece needs before it. */
  readonly pieces: readonly string[];
}

export function readLibrary(folder: string = FOLDER): Library {
  const pieces = new Map<string, string>();
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith('.lua'))
    .sort()
    .map((file) => readSource(folder, file, pieces));
  const digest = createHash('sha1');
  for (const text of pieces.values()) digest.update(text);
  for (const { shebang, body } of sources) digest.update(shebang).update(body);
  const version = digest.digest('hex').slice(0, 12);
  const name = LIBRARY_PREFIX + version;
  const scripts = new Map<string, Script>();
  const registrations: string[] = [];
  for (const source of sources) {
    const functionName = `${LIBRARY_PREFIX}${source.name.replaceAll('-', '_')}_${version}`;
    scripts.set(source.name, {
      text: [
        source.shebang,
        ...source.pieces.map((piece) => pieces.get(piece)),
        begin(source, pieces),
        source.body,
      ].join('\n'),
      functionName,
      isGated: source.pieces.includes(GATE),
    });
    const flags = source.flags.map((flag) => `'${flag}'`).join(', ');
    registrations.push(
      `redis.register_function{ function_name = '${functionName}', flags = { ${flags} }, callback = function(KEYS, ARGV)\n` +
        `${begin(source, pieces)}\n${source.body}\nend }`,
    );
  }
  return { name, text: [`#!lua name=${name}`, ...pieces.values(), ...registrations].join('\n'), scripts };
}

/** `pieces` is filled with those that are new, in an order in which each finds what it needs. */
function readSource(folder: string, file: string, pieces: Map<string, string>): Source {
  const [shebang = '', ...lines] = readFileSync(join(folder, file), 'utf8').split('\n');
  const flags = SHEBANG.exec(shebang);
  if (flags === null) throw new Error(`${file} doesn't start with #!lua`);
  const used = new Set<string>();
  const visit = (text: readonly string[]): string => {
    const own: string[] = [];
    for (const line of text) {
      const name = INCLUDE.exec(line)?.[1];
      if (name === undefined) {
        own.push(line);
      } else if (!used.has(name)) {
        const piece = visit(readFileSync(join(folder, 'lib', `${name}.lua`), 'utf8').split('\n'));
        used.add(name);
        if (!pieces.has(name)) pieces.set(name, piece);
      }
    }
    return own.join('\n');
  };
  const body = visit(lines);
  return {
    name: file.slice(0, -'.lua'.length),
    shebang,
    flags: flags[1]?.split(',') ?? [],
    body,
    pieces: [...used],
  };
}

/** What runs before a script: `begin` of each piece that has one; what that returns is the reply. */
function begin({ pieces }: Source, texts: ReadonlyMap<string, string>): string {
  return pieces
    .filter((piece) => texts.get(piece)?.includes(`function ${tableOf(piece)}.begin(`))
    .map((piece) => `do local reply = ${tableOf(piece)}.begin(KEYS, ARGV) if reply then return reply end end`)
    .join('\n');
}

/** The table that a piece fills: its file's name. */
function tableOf(piece: string): string {
  return piece.replaceAll('-', '_');
}
