// Text from strangers, made safe for the three places where the page puts it. Nothing is taken out but NUL, which HTML
// can't hold.

/** For text between tags and for attribute values in double quotes alike. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[&<>"'\r]/g, (character) => REPLACEMENTS[character] ?? '')
    .replaceAll('\u0000', '\ufffd');
}

/** A name that may be written in either direction, and may hold characters that would turn the text behind it. */
export function isolated(text: string): string {
  return `<bdi>${escapeHtml(text)}</bdi>`;
}

/** Fills `{name}` pieces of a URL template with percent-encoded values. */
export function fillUrl(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([a-z_]+)\}/g, (whole, name: string) => {
    const value = values[name];
    return value === undefined ? whole : encodeURIComponent(value.toWellFormed());
  });
}

const REPLACEMENTS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  // A bare CR would come out of an HTML parser as LF.
  '\r': '&#13;',
};
