// `invited verify`, joined to the two stores that it compares.

import { verify as runCommand } from '../cli/verify.js';
import type { Config } from '../config.js';
import { verify } from '../jobs/verify.js';
import { differenceLine, summaryOf, wrongSumLine } from '../jobs/verify-lines.js';
import { PostgresUnavailable } from '../postgres/unavailable.js';
import { StartError } from '../start-error.js';
import { StoreUnavailable } from '../store/unavailable.js';
import { openCommandStores } from './command-stores.js';

const TOLD_MAX = 100;

/** @returns the exit code */
export async function verifyStores(config: Config, args: readonly string[]): Promise<number> {
  return runCommand(args, {
    async open() {
      const { store, sql, close } = await openCommandStores(config);
      return {
        async compare(stopping) {
          const found = await verify({ store, sql, toldMax: TOLD_MAX, stopping });
          return {
            problems: found.found + found.wrongSums.length,
            lines: [...found.wrongSums.map(wrongSumLine), ...found.differences.map(differenceLine)].slice(
              0,
              TOLD_MAX,
            ),
            summary: summaryOf(found),
          };
        },
        close,
      };
    },
    outageOf(error) {
      if (error instanceof StartError) return error.message;
      if (error instanceof PostgresUnavailable) return `${error.message}.`;
      return error instanceof StoreUnavailable
        ? `${error.message}, or its data are just being restored.`
        : null;
    },
  });
}
