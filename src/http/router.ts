// Finds the route of a path. Segments are compared as they stand: a trailing slash or an empty segment is another path.

import type { Route } from './route.js';

export interface FoundRoute {
  readonly kind: 'route';
  readonly route: Route;
  readonly params: Params;
}

export type Match =
  | FoundRoute
  | { readonly kind: 'method_not_allowed'; readonly allow: string }
  | { readonly kind: 'not_found' };

/** The open segments of a path: their names, and beside each what stands there. */
export interface Params {
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/** Routes that are under the same path prefixes: '' or '/api/v1'. The first is the one that they are known by. */
export interface RouteGroup {
  readonly bases: readonly string[];
  readonly routes: readonly Route[];
}

export interface Router {
  match(method: string, path: string): Match;
}

interface Place {
  /** The literal beginning, up to the first open segment. */
  readonly prefix: string;
  /** What follows it: the names of open segments, and null with the text for literal ones. */
  readonly rest: readonly { readonly name: string | null; readonly text: string }[];
  readonly names: readonly string[];
  readonly routes: Map<string, Route>;
}

const NOT_FOUND: Match = { kind: 'not_found' };

/** @param reserved first segments that are never a `{…}` of their own */
export function createRouter(groups: readonly RouteGroup[], reserved: (segment: string) => boolean): Router {
  const places: Place[] = [];
  for (const { bases, routes } of groups) {
    for (const base of bases) for (const route of routes) add(places, base + route.path, route);
  }
  // Literal segments win over open ones, wherever they were added.
  places.sort((a, b) => a.names.length - b.names.length);

  return {
    match(method, path) {
      for (const place of places) {
        if (!path.startsWith(place.prefix)) continue;
        const values = valuesOf(place, path.slice(place.prefix.length));
        if (values === null || (place.prefix === '/' && reserved(values[0] ?? ''))) continue;
        const route = place.routes.get(method === 'HEAD' ? 'GET' : method);
        if (route === undefined) return { kind: 'method_not_allowed', allow: allowOf(place) };
        return { kind: 'route', route, params: { names: place.names, values } };
      }
      return NOT_FOUND;
    },
  };
}

function add(places: Place[], path: string, route: Route): void {
  const openAt = path.indexOf('{');
  const prefix = openAt === -1 ? path : path.slice(0, openAt);
  const rest = openAt === -1 ? [] : path.slice(openAt).split('/').map(pieceOf);
  const names = rest.flatMap(({ name }) => (name === null ? [] : [name]));
  const isSame = (place: Place) =>
    place.prefix === prefix && JSON.stringify(place.rest) === JSON.stringify(rest);
  let place = places.find(isSame);
  if (place === undefined) {
    place = { prefix, rest, names, routes: new Map() };
    places.push(place);
  }
  if (place.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${path}`);
  place.routes.set(route.method, route);
}

function pieceOf(segment: string): Place['rest'][number] {
  return segment.startsWith('{') ? { name: segment.slice(1, -1), text: '' } : { name: null, text: segment };
}

const NONE: readonly string[] = [];

/** What stands in the open segments, or null if the rest of a path is not that of the place. */
function valuesOf({ rest }: Place, path: string): readonly string[] | null {
  if (rest.length === 0) return path === '' ? NONE : null;
  if (rest.length === 1) return path === '' || path.includes('/') ? null : [path];
  const segments = path.split('/');
  if (segments.length !== rest.length) return null;
  const values: string[] = [];
  for (const [at, { name, text }] of rest.entries()) {
    const segment = segments[at] ?? '';
    if (name === null ? segment !== text : segment === '') return null;
    if (name !== null) values.push(segment);
  }
  return values;
}

function allowOf(place: Place): string {
  return [...place.routes.keys()]
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');
}
