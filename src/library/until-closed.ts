// Verbs with an end: once they are closed they refuse, and closing waits for those under way, each of which ends within the time that
// a command of Redis may take.

type Verbs = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

export function untilClosed<V extends { readonly [Name in keyof V]: Verbs[string] }>(
  verbs: V,
  { refusal, end }: { readonly refusal: () => Error; readonly end: () => Promise<void> },
): V & { close(): Promise<void> } {
  const underWay = new Set<Promise<unknown>>();
  let closing: Promise<void> | null = null;

  const guarded = Object.entries<Verbs[string]>(verbs).map(([name, verb]) => [
    name,
    (...args: never[]): Promise<unknown> => {
      if (closing !== null) return Promise.reject(refusal());
      const answer = verb(...args);
      underWay.add(answer);
      const leave = (): void => void underWay.delete(answer);
      answer.then(leave, leave);
      return answer;
    },
  ]);
  return {
    ...(Object.fromEntries(guarded) as V),
    close() {
      closing ??= Promise.allSettled(underWay).then(end);
      return closing;
    },
  };
}
