// Which distributed trace a request is part of (W3C Trace Context, version 00). It is passed on as it came, into the log and into the
// events that came of the request; nothing is decided by it.

declare const brand: unique symbol;

/** `00-<trace id>-<parent id>-<flags>`, valid. */
export type Traceparent = string & { readonly [brand]: 'traceparent' };

const FORM = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** null: none, or none that is valid, which is ignored as the standard says. */
export function parseTraceparent(text: string | undefined): Traceparent | null {
  return text !== undefined && FORM.test(text) ? (text as Traceparent) : null;
}

/** The trace's own name: 32 hexadecimal digits. */
export function traceIdOf(traceparent: Traceparent): string {
  return traceparent.slice(3, 35);
}
