/** Connect's Headers to the port's record; nothing for none, as most calls have none. */
export function toWire(header: HeadersInit | undefined): Record<string, string> | undefined {
  if (header === undefined) return undefined;
  return Object.fromEntries(new Headers(header));
}

/** Without pseudo-headers, which are HTTP/2's own. */
export function fromWire(fields: ReadonlyMap<string, string>): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) {
    if (!name.startsWith(':')) headers.append(name, value);
  }
  return headers;
}
