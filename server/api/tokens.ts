import { readFileSync } from 'node:fs';
import type { Tokens } from './guard.ts';
import { type Role, roles } from './roles.ts';

/** A token that can be guessed is none. */
const shortest = 16;

/** A mounted Secret changes on disk about a minute after it was changed; reading a few bytes this often costs nothing. */
const againAfterMs = 5_000;

/** Path of the file of each role that has one. */
type TokenFiles = Readonly<Partial<Record<Role, string | undefined>>>;

/**
 * The tokens that files hold (a mounted Secret), read anew every few seconds as they are asked for: tokens rotate, and an
 * optional Secret may come later. A file that is missing gives its role to nobody. One that is unfit does too, and
 * `onFault` hears of it once for each fault. No message holds a token.
 */
export function tokenFiles(files: TokenFiles, now: () => number, onFault: (fault: string) => void): () => Tokens {
  let tokens: Tokens = {};
  let readAt = Number.NEGATIVE_INFINITY;
  let told = '';
  return () => {
    if (now() - readAt < againAfterMs) return tokens;
    readAt = now();
    const found = read(files);
    tokens = found.tokens;
    const faults = found.faults.join('; ');
    if (faults !== told && faults !== '') onFault(faults);
    told = faults;
    return tokens;
  };
}

function read(files: TokenFiles): { tokens: Tokens; faults: string[] } {
  const tokens: Partial<Record<Role, string>> = {};
  const faults: string[] = [];
  for (const role of roles) {
    const file = files[role];
    if (file === undefined) continue;
    try {
      const token = readFileSync(file, 'utf8').trim();
      if (token.length < shortest || /\s/.test(token)) {
        faults.push(
          `the ${role} token in ${file} is not used: allowed are at least ${shortest} characters without spaces`,
        );
      } else if (Object.values(tokens).includes(token)) {
        faults.push(`the ${role} token in ${file} is not used: another role has the same one`);
      } else tokens[role] = token;
    } catch (error) {
      faults.push(`there is no ${role} token: ${file} can't be read (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  return { tokens, faults };
}
