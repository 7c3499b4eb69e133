// Leaves out of the document what nothing in it refers to.

type Components = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** Those that `root` refers to, or that they refer to: what is said of a route that isn't served is left out with it. */
export function usedOf(components: Components, root: object): Components {
  const used = new Set<string>();
  const open: object[] = [root];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const [, kind = '', name = ''] of JSON.stringify(at).matchAll(REFERENCE)) {
      const component = components[kind]?.[name];
      if (component === undefined) throw new Error(`there is no ${name} in the ${kind} of the document`);
      if (used.has(`${kind}/${name}`)) continue;
      used.add(`${kind}/${name}`);
      open.push(component);
    }
  }
  return Object.fromEntries(
    Object.entries(components).map(([kind, all]) => [
      kind,
      Object.fromEntries(Object.entries(all).filter(([name]) => used.has(`${kind}/${name}`))),
    ]),
  );
}

const REFERENCE = /"#\/components\/([A-Za-z]+)\/([A-Za-z0-9._-]+)"/g;
