import { refusal } from './refusal.ts';

export type DoorSettings = {
  /** Where the agent listens. */
  agentUrl: string;
  /** Host names besides loopback that the dashboard may be reached by. */
  allowedHosts: readonly string[];
};

const service = 'lbscope.agent.v1.AgentService/';

export function settingsFrom(env: Record<string, string | undefined>): DoorSettings {
  return {
    agentUrl: (env.LBSCOPE_AGENT_URL || 'http://127.0.0.1:3001').replace(/\/+$/, ''),
    allowedHosts: (env.LBSCOPE_ALLOWED_HOSTS ?? '')
      .split(',')
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ''),
  };
}

/**
 * Who may pass: a request that names a host of ours (against DNS rebinding) and, if a browser sent it, from a page of
 * the same origin (against other sites' pages). Checked here, in the handler, as a proxy in front may be absent.
 * Answers the refusal, or undefined when the request may pass.
 */
export function guard(request: Request, path: string, settings: DoorSettings): Response | undefined {
  const host = request.headers.get('host') ?? '';
  if (!hostAllowed(host, settings.allowedHosts)) {
    return refusal(
      403,
      'permission_denied',
      `host ${quote(host)} is not allowed: set LBSCOPE_ALLOWED_HOSTS to allow it`,
    );
  }
  const origin = request.headers.get('origin');
  if (origin !== null && originHost(origin) !== host.toLowerCase()) {
    return refusal(
      403,
      'permission_denied',
      `origin ${quote(origin)} is not allowed: only this dashboard's own pages are`,
    );
  }
  if (request.headers.get('sec-fetch-site') === 'cross-site') {
    return refusal(403, 'permission_denied', 'requests of other sites are not allowed');
  }
  if (!path.startsWith(service) || !/^[A-Za-z]+$/.test(path.slice(service.length))) {
    return refusal(404, 'unimplemented', `nothing is served at /rpc/${path.slice(0, 120)}`);
  }
  if (request.method !== 'POST') {
    return refusal(405, 'unimplemented', `${path} takes POST`, { allow: 'POST' });
  }
  return undefined;
}

function hostAllowed(host: string, allowed: readonly string[]): boolean {
  let name: string;
  try {
    name = new URL(`http://${host}`).hostname.toLowerCase();
  } catch {
    return false;
  }
  if (host === '' || /[/?#@\\]/.test(host)) return false;
  const loopback = name === 'localhost' || name.endsWith('.localhost') || name === '[::1]' || isLoopbackV4(name);
  return loopback || allowed.includes(name) || allowed.includes(host.toLowerCase()) || allowed.includes('*');
}

function isLoopbackV4(name: string): boolean {
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

function originHost(origin: string): string | undefined {
  try {
    return new URL(origin).host.toLowerCase();
  } catch {
    return undefined;
  }
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
