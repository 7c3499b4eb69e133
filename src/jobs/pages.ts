// Goes through a table page by page, and reads the next page while the one before it is being worked on.
// Never more than two are held.

/** @param read gives up to `limit` items behind a key; fewer: these are the last */
export async function* pagesOf<Item, Key>(
  read: (after: Key | null, limit: number) => Promise<readonly Item[]>,
  keyOf: (item: Item) => Key,
  limit: number,
): AsyncGenerator<readonly Item[]> {
  let reading: Promise<readonly Item[]> | null = read(null, limit);
  while (reading !== null) {
    const page: readonly Item[] = await reading;
    const last = page.at(-1);
    reading = last === undefined || page.length < limit ? null : read(keyOf(last), limit);
    // Should the work on this page fail, nobody waits for the next one.
    reading?.catch(() => {});
    yield page;
  }
}
