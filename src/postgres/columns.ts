// How values go to Postgres and come back: lists as the text of an array, one a column, so that a statement takes any
// number of rows (`unnest`); times in ms. Must never change a value: ids stay text, JSON is not looked into.

type Word = string | number | boolean | null;

/** For values without quotes, commas or spaces: ids, numbers, booleans. */
export function list(values: readonly Word[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : String(value))).join(',')}}`;
}

/** For any text. A NUL, which Postgres can't hold, must be gone before (readable). */
export function textList(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : quote(value))).join(',')}}`;
}

function quote(text: string): string {
  return `"${/["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text}"`;
}

/** A name for people to read: text can't hold NUL, which the record beside it can. */
export function readable(name: string): string;
export function readable(name: string | null): string | null;
export function readable(name: string | null): string | null {
  return name?.replaceAll('\0', '\uFFFD') ?? null;
}

/** SQL: the time that a number of ms stands for. An interval of whole ms is exact; `to_timestamp` goes by way of floats of seconds. */
export function timeOf(ms: string): string {
  return `('epoch'::timestamptz + ${ms} * interval '1 millisecond')`;
}

/** SQL: the ms of a time; comes as text, which `Number` reads. */
export function msOf(time: string): string {
  return `(extract(epoch from ${time}) * 1000)::bigint`;
}

/** The newest of what has the same key: a statement can't write one row twice. */
export function newestOfEach<Item extends { readonly seq: number }>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): readonly Item[] {
  const newest = new Map<string, Item>();
  for (const item of items) {
    const key = keyOf(item);
    const other = newest.get(key);
    if (other === undefined || other.seq <= item.seq) newest.set(key, item);
  }
  return newest.size === items.length ? items : [...newest.values()];
}
