import { createHash } from 'node:crypto';
import type { Authorize } from './grpc/server.ts';
import { code, type Status, status } from './grpc/status.ts';

const shortest = 16;
const healthService = '/grpc.health.v1.Health/';
const greeter = '/lbscope.greeter.v1.Greeter/';

/** Which methods each token may call, by the token's SHA-256: looking one up tells nothing by the time it takes. */
export type CallTokens = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * A line a token: the token, and the methods it may call, separated by commas; `*` is all of the greeter. Empty lines and
 * those that begin with # count as none. Throws a sentence that names the line and never the token.
 */
export function parseCallTokens(text: string): CallTokens {
  const tokens = new Map<string, ReadonlySet<string>>();
  for (const [index, line] of text.split('\n').entries()) {
    const [token = '', methods = '', ...more] = line.trim().split(/\s+/);
    if (token === '' || token.startsWith('#')) continue;
    const names = methods.split(',');
    const fit = more.length === 0 && names.every((name) => name === '*' || /^[A-Z][A-Za-z]*$/.test(name));
    if (token.length < shortest || !fit) {
      throw new Error(
        `line ${index + 1} is not right: allowed is a token of at least ${shortest} characters, a space, and methods such as SayHello,ChatHellos or *`,
      );
    }
    tokens.set(digest(token), new Set(names));
  }
  return tokens;
}

/**
 * Per-RPC credentials: every call of every method shows a bearer token that may call it. Health stays open, as those who
 * probe have none.
 */
export function requireTokens(tokens: () => CallTokens | undefined): Authorize {
  return (path, authorization): Status | undefined => {
    if (path.startsWith(healthService)) return undefined;
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) {
      return status(code.unauthenticated, 'no credentials: send the metadata "authorization: Bearer ..."');
    }
    const methods = tokens()?.get(digest(token));
    if (methods === undefined) return status(code.unauthenticated, 'the token is not known');
    const name = path.startsWith(greeter) ? path.slice(greeter.length) : '';
    if (methods.has('*') || methods.has(name)) return undefined;
    return status(code.permissionDenied, `the token may not call ${name || 'this method'}`);
  };
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
