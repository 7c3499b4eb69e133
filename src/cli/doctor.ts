// `invited doctor`: looks at everything that a server needs, and says what is wrong and what to change. Changes nothing.

import { planOf } from './plan.js';
import { type Print, terminal } from './print.js';
import { parseCommand } from './usage-error.js';

const USAGE = 'Usage: invited doctor [--json]';

export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem';
  readonly message: string;
  readonly fix: string | null;
}

export interface DoctorContext {
  examine(): Promise<readonly Finding[]>;
  readonly print?: Print;
}

/** @returns the exit code: 0 without problems, 1 with any, 2 for wrong arguments */
export async function doctor(
  args: readonly string[],
  { examine, print = terminal }: DoctorContext,
): Promise<number> {
  const plan = planOf(USAGE, print, () => readArguments(args));
  if (typeof plan === 'number') return plan;
  const findings = await examine();
  const count = (status: Finding['status']): number => findings.filter((one) => one.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  if (plan.asJson) {
    print.out(JSON.stringify({ ok: problems === 0, problems, warnings, findings }, null, 2));
  } else {
    const width = Math.max(...findings.map(({ check }) => check.length));
    for (const finding of findings) for (const line of linesOf(finding, width)) print.out(line);
    print.out(
      `${count('ok')} ok, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${problems} ${problems === 1 ? 'problem' : 'problems'}`,
    );
  }
  return problems === 0 ? 0 : 1;
}

/** null: the caller asked for help. */
function readArguments(args: readonly string[]): { readonly asJson: boolean } | null {
  const { values } = parseCommand({
    args: [...args],
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
  });
  return values.help === true ? null : { asJson: values.json };
}

function linesOf({ check, status, message, fix }: Finding, width: number): readonly string[] {
  const line = `${status.padEnd(7)}  ${check.padEnd(width)}  ${message}`;
  return fix === null ? [line] : [line, `${' '.repeat(9 + width)}  → ${fix}`];
}
