// What the workers of one server count, gathered by their supervisor for whichever of them is asked for it. Knows nothing of what the
// figures say but that counts only grow: of a worker that died the last that it told goes on counting, so no sum ever falls.

export interface Told {
  /** What only grows, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /** What rises and falls, by name. */
  readonly levels: Readonly<Record<string, number>>;
  /** What doesn't add up with that of another worker. */
  readonly own: unknown;
}

export interface Gathered extends Omit<Told, 'own'> {
  /** Of each worker that there is; they are numbered from 1. */
  readonly each: readonly { readonly worker: number; readonly own: unknown }[];
}

/** What the workers in one slot, one after the other, have told. */
export class SlotFigures {
  #past: Told['counts'] = {};
  #told: Told | null = null;

  tell(told: Told): void {
    this.#told = told;
  }

  /** The worker ended: what it counted stays. */
  end(): void {
    this.#past = this.counts;
    this.#told = null;
  }

  get counts(): Told['counts'] {
    return this.#told === null ? this.#past : sum([this.#past, this.#told.counts]);
  }

  get told(): Told | null {
    return this.#told;
  }
}

export function gatherFrom(slots: readonly SlotFigures[]): Gathered {
  return {
    counts: sum(slots.map((slot) => slot.counts)),
    levels: sum(slots.map((slot) => slot.told?.levels ?? {})),
    each: slots.flatMap(({ told }, at) => (told === null ? [] : [{ worker: at + 1, own: told.own }])),
  };
}

function sum(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const one of all) for (const name in one) total[name] = (total[name] ?? 0) + (one[name] ?? 0);
  return total;
}
