// Finds the route of a path. Segments are compared as they stand: a trailing slash or an empty segment is another path.

import type { Route } from './route.js';

export type Match =
  | { readonly kind: 'route'; readonly route: Route; readonly params: ReadonlyMap<string, string> }
  | { readonly kind: 'method_not_allowed'; readonly allow: string }
  | { readonly kind: 'not_found' };

export interface Router {
  match(method: string, path: string): Match;
}

interface Place {
  /** The literal beginning, up to the first open segment. */
  readonly prefix: string;
  readonly segments: readonly string[];
  readonly routes: Map<string, Route>;
}

const NOT_FOUND: Match = { kind: 'not_found' };

/**
 * @param bases path prefixes, each of which all routes are under: '' or '/api/v1'
 * @param reserved first segments that are never a `{…}` of their own
 */
export function createRouter(
  groups: readonly { readonly bases: readonly string[]; readonly routes: readonly Route[] }[],
  reserved: (segment: string) => boolean,
): Router {
  // By number of segments, and then few enough to be tried one after another.
  const places: Place[][] = [];
  for (const { bases, routes } of groups) {
    for (const base of bases) for (const route of routes) add(places, base + route.path, route);
  }

  return {
    match(method, path) {
      const segments = path.split('/').slice(1);
      if (!path.startsWith('/') || segments.includes('')) return NOT_FOUND;
      for (const place of places[segments.length] ?? []) {
        if (!path.startsWith(place.prefix)) continue;
        const params = paramsOf(place.segments, segments, reserved);
        if (params === null) continue;
        const route = place.routes.get(method === 'HEAD' ? 'GET' : method);
        if (route === undefined) return { kind: 'method_not_allowed', allow: allowOf(place) };
        return { kind: 'route', route, params };
      }
      return NOT_FOUND;
    },
  };
}

function add(places: Place[][], path: string, route: Route): void {
  const segments = path.split('/').slice(1);
  const key = segments.join('/');
  const siblings = places[segments.length] ?? [];
  places[segments.length] = siblings;
  let place = siblings.find((candidate) => candidate.segments.join('/') === key);
  if (place === undefined) {
    place = { prefix: path.split('{', 1)[0] ?? '', segments, routes: new Map() };
    siblings.push(place);
    // Literal segments win over open ones, wherever they were added.
    siblings.sort((a, b) => openCount(a.segments) - openCount(b.segments));
  }
  if (place.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${path}`);
  place.routes.set(route.method, route);
}

function paramsOf(
  pattern: readonly string[],
  segments: readonly string[],
  reserved: (segment: string) => boolean,
): ReadonlyMap<string, string> | null {
  const params = new Map<string, string>();
  for (let at = 0; at < pattern.length; at += 1) {
    const wanted = pattern[at] ?? '';
    const segment = segments[at] ?? '';
    if (!isOpen(wanted)) {
      if (wanted !== segment) return null;
    } else {
      if (at === 0 && reserved(segment)) return null;
      params.set(wanted.slice(1, -1), segment);
    }
  }
  return params;
}

function allowOf(place: Place): string {
  return [...place.routes.keys()]
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .join(', ');
}

function isOpen(segment: string): boolean {
  return segment.startsWith('{');
}

function openCount(segments: readonly string[]): number {
  return segments.filter(isOpen).length;
}
