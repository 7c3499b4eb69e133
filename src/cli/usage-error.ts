// A command that was called wrongly. Ends in one line on stderr and exit code 2, with nothing done.

import { type ParseArgsConfig, parseArgs } from 'node:util';

export class UsageError extends Error {}

/** node:util's parseArgs, whose complaints become a UsageError of one line. */
export function parseCommand<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const message = error instanceof Error ? error.message : 'The arguments are wrong';
    // Behind the first sentence stands advice on `--`.
    throw new UsageError(`${message.split(/\.\s|\n/)[0]?.replace(/\.$/, '')}.`);
  }
}

/** A whole number from `min` to `max`, as it was typed. */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const number = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new UsageError(`${name} must be a whole number from ${min} to ${max}.`);
}

/** The base URL of a listener, without a slash at its end. */
export function baseUrl(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new UsageError(`${name} must be an http or https URL.`);
  }
  return text.replace(/\/+$/, '');
}
