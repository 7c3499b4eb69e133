// docs/configuration.md, made of the schema and the descriptions (`npm run docs:settings`): so it can't say what isn't so.

import { environment } from './config.js';
import { type Description, GROUPS, SETTINGS } from './settings-described.js';

const HEAD = `# Configuration

<!-- Made from src/config.ts and src/settings-described.ts by \`npm run docs:settings\`. Change those. -->

All settings are environment variables. An empty one counts as not set. A wrong one ends the start with one line that names it, and all others that
are wrong, but never what they were. \`npx invited doctor\` says whether they suit the machine, Redis and Postgres.
`;

/** The parts of a schema that tell what a setting may be; valibot's own types don't let one walk any schema. */
interface Part {
  readonly type: string;
  readonly pipe?: readonly Part[];
  readonly options?: readonly unknown[];
  readonly requirement?: unknown;
}

export function settingsPage(): string {
  const names = Object.keys(SETTINGS) as (keyof typeof SETTINGS)[];
  const sections = GROUPS.map((group) => {
    const rows = names.filter((name) => SETTINGS[name].group === group).map(rowOf);
    return `\n## ${group}\n\n| variable | what it is | values | default |\n|---|---|---|---|\n${rows.join('\n')}\n`;
  });
  return HEAD + sections.join('');
}

function rowOf(name: keyof typeof SETTINGS): string {
  const { text, values, unset }: Description = SETTINGS[name];
  const { wrapped, default: standard } = environment.entries[name] as unknown as {
    readonly wrapped: Part;
    readonly default: unknown;
  };
  const allowed = values ?? valuesOf(wrapped);
  if (allowed === null)
    throw new Error(`${name}: its schema does not tell its values, so its description must`);
  const whenUnset = unset ?? (typeof standard === 'string' ? `\`${standard}\`` : '–');
  return `| \`${name}\` | ${text} | ${allowed} | ${whenUnset} |`;
}

/** A range of numbers, or one of several words; null: neither. */
function valuesOf(schema: Part): string | null {
  const parts = schema.pipe ?? [schema];
  const words = parts.find(({ type }) => type === 'picklist')?.options;
  if (words !== undefined) return words.map((word) => `\`${String(word)}\``).join(', ');
  const [min, max] = ['min_value', 'max_value'].map(
    (type) => parts.find((part) => part.type === type)?.requirement,
  );
  if (typeof min !== 'number' || typeof max !== 'number') return null;
  return `${min.toLocaleString('en-US')} – ${max.toLocaleString('en-US')}`;
}
