import { readFileSync } from 'node:fs';
import type { Tokens } from './guard.ts';
import { type Role, roles } from './roles.ts';

/** A token that can be guessed is none. */
const shortest = 16;

export type ReadTokens =
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  | { readonly kind: 'faults'; readonly faults: readonly string[] };

/**
 * Reads the token of each role from its file (a mounted Secret). A file that is missing, empty or holds too little is a
 * fault: an agent that went on without it would give control to nobody, or to all. No message holds a token.
 */
export function readTokens(files: Readonly<Partial<Record<Role, string>>>): ReadTokens {
  const tokens: Partial<Record<Role, string>> = {};
  const faults: string[] = [];
  for (const role of roles) {
    const file = files[role];
    if (file === undefined) continue;
    try {
      const token = readFileSync(file, 'utf8').trim();
      if (token.length < shortest || /\s/.test(token)) {
        faults.push(
          `the ${role} token in ${file} is not right: allowed are at least ${shortest} characters without spaces`,
        );
      } else tokens[role] = token;
    } catch (error) {
      faults.push(`the ${role} token can't be read from ${file} (${(error as NodeJS.ErrnoException).code})`);
    }
  }
  if (new Set(Object.values(tokens)).size < Object.keys(tokens).length) faults.push('two roles have the same token');
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'tokens', tokens };
}
