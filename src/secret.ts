// A secret that can be passed around but not printed: every way of turning it into text gives `[secret]`.
// Only `reveal()` gives the value; it must never be part of a log line, an error or an answer.

import { inspect } from 'node:util';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
