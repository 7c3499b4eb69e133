// What a relay has read and the outbox doesn't know to be dealt with yet, in the order it came: a relay that is killed sends this
// again, and no more.

import type { OutboxEvent } from '../events/event-json.js';

/** One event's place in the window. */
export interface Place {
  readonly id: string;
  readonly bytes: number;
  isDealtWith: boolean;
}

const EVENTS_MAX = 1000;
const JSON_BYTES_MAX = 4 * 1024 * 1024;

export class Window {
  /** All but those that have been noted. */
  readonly #places: Place[] = [];
  /** Of the JSON that is still needed. */
  #bytes = 0;
  #waiting = 0;

  /** Events that have been neither delivered nor given up. */
  get outstanding(): number {
    return this.#waiting;
  }

  /** How many more there may be, as far as their number goes. */
  get room(): number {
    return EVENTS_MAX - this.#places.length;
  }

  /** One that is too large by itself is let in alone. */
  hasRoomFor({ json }: OutboxEvent): boolean {
    if (this.#waiting === 0) return this.room > 0;
    return this.room > 0 && this.#bytes + Buffer.byteLength(json) <= JSON_BYTES_MAX;
  }

  add({ id, json }: OutboxEvent): Place {
    const place = { id, bytes: Buffer.byteLength(json), isDealtWith: false };
    this.#places.push(place);
    this.#bytes += place.bytes;
    this.#waiting += 1;
    return place;
  }

  dealtWith(place: Place): void {
    place.isDealtWith = true;
    this.#bytes -= place.bytes;
    this.#waiting -= 1;
  }

  /** The last event before which, itself included, all are dealt with; null: nothing that hasn't been noted. */
  noteable(): string | null {
    const firstOpen = this.#places.findIndex((place) => !place.isDealtWith);
    const dealtWith = firstOpen === -1 ? this.#places.length : firstOpen;
    return dealtWith === 0 ? null : (this.#places[dealtWith - 1]?.id ?? null);
  }

  /** The outbox knows now that all up to this one are dealt with. */
  noted(id: string): void {
    this.#places.splice(0, this.#places.findIndex((place) => place.id === id) + 1);
  }
}
