import { readFileSync } from 'node:fs';
import type { CallHeaders } from '../balancing/call-headers.ts';

/** A mounted Secret changes about a minute after it was changed; a few bytes are read this often. */
const againAfterMs = 5_000;

/** The bearer token that a file holds, as it is now: it rotates. A file that can't be read gives what it held before. */
export function callToken(path: string, read = (file: string) => readFileSync(file, 'utf8')): CallHeaders {
  let headers: Readonly<Record<string, string>> | undefined;
  let token = '';
  let readAt = Number.NEGATIVE_INFINITY;
  return (now) => {
    if (now - readAt < againAfterMs) return headers;
    readAt = now;
    try {
      const found = read(path).trim();
      // What is no token can't be a header either.
      if (found !== token && /^[\x21-\x7e]+$/.test(found)) {
        token = found;
        headers = { authorization: `Bearer ${token}` };
      }
    } catch {
      // The calls themselves show it: unauthenticated.
    }
    return headers;
  };
}
