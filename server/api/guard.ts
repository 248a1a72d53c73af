import { timingSafeEqual } from 'node:crypto';
import { type Role, roles } from './roles.ts';

export interface GuardSettings {
  /** Where the agent listens; known once it does. */
  readonly port: () => number;
  readonly dashboardPort?: number | undefined;
  /** Host names besides loopback that requests and pages may name. */
  readonly allowedHosts?: readonly string[] | undefined;
  /**
   * When given, a role belongs to who sends its bearer token, and being on loopback gives none: also while there is no token
   * yet, or a dashboard that is shared would hand its own loopback rights to everyone. Asked for each request: tokens rotate.
   */
  readonly tokens?: (() => Tokens) | undefined;
  /** Whether looking needs no token; if not, callers without one are refused. Default: it needs none. */
  readonly viewing?: 'open' | 'token' | undefined;
}

/** A token for each role that has one; from a Secret or made at start, never from an argument that others can read. */
export type Tokens = Readonly<Partial<Record<Role, string>>>;

/** Of a request, what is looked at. Header names are lower case, as node:http has them. */
export interface Asked {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly remoteAddress: string | undefined;
}

export type Verdict =
  | { readonly kind: 'pass'; readonly role: Role }
  | { readonly kind: 'refuse'; readonly code: 'permission_denied' | 'unauthenticated'; readonly message: string };

/**
 * Who may pass, on every request. Host: against DNS rebinding, where a foreign name points to this machine.
 * Origin: against pages of other sites, which can send requests but not choose their Origin.
 * Then the role: without any token everyone on loopback is `control`; with tokens, their bearers have theirs, and others look.
 */
export function guard(asked: Asked, settings: GuardSettings): Verdict {
  const host = one(asked.headers.host);
  if (host === undefined || !hostAllowed(host, settings)) {
    return refuse(`host ${show(host)} is not allowed: allowed are loopback names${also(settings)}`);
  }
  const origin = one(asked.headers.origin);
  if (origin !== undefined && !originAllowed(origin, host, one(asked.headers['x-forwarded-host']), settings)) {
    return refuse(`origin ${show(origin)} is not allowed: allowed are pages of the dashboard itself${also(settings)}`);
  }
  if (one(asked.headers['sec-fetch-site']) === 'cross-site') return refuse('requests of other sites are not allowed');

  if (settings.tokens !== undefined) {
    const tokens = settings.tokens();
    const sent = one(asked.headers.authorization);
    if (sent !== undefined) {
      // Each is compared, also after a match: how long it takes says nothing about the tokens.
      const given = roles
        .filter((role) => sameText(sent, `Bearer ${tokens[role] ?? ''}`) && tokens[role] !== undefined)
        .at(-1);
      return given === undefined
        ? { kind: 'refuse', code: 'unauthenticated', message: 'the token in Authorization is not the right one' }
        : { kind: 'pass', role: given };
    }
    return settings.viewing === 'token'
      ? {
          kind: 'refuse',
          code: 'unauthenticated',
          message: 'looking needs a token: send it as "Authorization: Bearer ..."',
        }
      : { kind: 'pass', role: 'view' };
  }
  return { kind: 'pass', role: isLoopbackAddress(asked.remoteAddress) ? 'control' : 'view' };
}

function refuse(message: string): Verdict {
  return { kind: 'refuse', code: 'permission_denied', message };
}

function hostAllowed(host: string, settings: GuardSettings): boolean {
  // An URL parser would read these as more than a host.
  if (host === '' || /[/?#@\\\s]/.test(host)) return false;
  const name = nameOf(`http://${host}`);
  if (name === undefined) return false;
  return isLoopbackName(name) || (settings.allowedHosts ?? []).some((each) => each === name || each === host);
}

function originAllowed(
  origin: string,
  host: string,
  forwardedHost: string | undefined,
  settings: GuardSettings,
): boolean {
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  if (!hostAllowed(url.host, settings)) return false;
  // A page cannot add X-Forwarded-Host to a cross-origin request without being asked first, and nobody here agrees.
  if (url.host === host.toLowerCase() || url.host === forwardedHost?.toLowerCase()) return true;
  if (!isLoopbackName(url.hostname)) return true;
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  return port === settings.port() || port === settings.dashboardPort;
}

function nameOf(url: string): string | undefined {
  try {
    return new URL(url).hostname.toLowerCase();
  } catch {
    return undefined;
  }
}

function isLoopbackName(name: string): boolean {
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)
  );
}

function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

function also({ allowedHosts = [] }: GuardSettings): string {
  return allowedHosts.length === 0 ? '' : ` and ${allowedHosts.join(', ')}`;
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function show(text: string | undefined): string {
  return text === undefined ? 'without a name' : JSON.stringify(text.slice(0, 120));
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
