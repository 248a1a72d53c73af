import { readFileSync } from 'node:fs';

/** A token that can be guessed is none. */
const shortest = 16;
/** A mounted Secret changes on disk about a minute after it was changed. */
const againAfterMs = 5_000;

/** The token that agents show each other, read anew every few seconds as it is asked for. A fault is told once, without it. */
export function peerToken(file: string, now: () => number, onFault: (fault: string) => void): () => string | undefined {
  let token: string | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  let told = '';
  return () => {
    if (now() - readAt < againAfterMs) return token;
    readAt = now();
    let fault = '';
    token = undefined;
    try {
      const text = readFileSync(file, 'utf8').trim();
      if (text.length >= shortest && !/\s/.test(text)) token = text;
      else fault = `the token in ${file} is not used: allowed are at least ${shortest} characters without spaces`;
    } catch (error) {
      fault = `there is no token for other agents: ${file} can't be read (${(error as NodeJS.ErrnoException).code})`;
    }
    if (fault !== told && fault !== '') onFault(fault);
    told = fault;
    return token;
  };
}
