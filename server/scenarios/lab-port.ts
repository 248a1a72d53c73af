import type { Done } from '../api/agent-port.ts';
import type { LabPort } from './runner/ports.ts';

const timeoutMs = 5_000;

/**
 * The lab's own admin API over its socket. The one thing the agent knows about a lab is this address, and that lanes
 * watch as `laneUser`, whom the lab can forbid it without blinding the truth.
 */
export function labPort(url: string, laneUser: string): LabPort {
  const put = async (path: string, body: object): Promise<Done> => {
    try {
      const response = await fetch(`${url}/lab/v1/${path}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.ok) {
        await response.body?.cancel();
        return { ok: true };
      }
      const text = (await response.text()).slice(0, 300);
      return {
        ok: false,
        code: 'failed_precondition',
        message: `the embedded cluster refuses (${response.status}): ${text}`,
      };
    } catch {
      return { ok: false, code: 'unavailable', message: 'the embedded cluster does not answer' };
    }
  };
  return {
    setDns: (answers) => put('dns', { mode: answers }),
    forbidLaneWatch: (forbidden) =>
      put('access', {
        deny: forbidden ? [{ users: [laneUser], verbs: ['list', 'watch'], resources: ['endpointslices'] }] : [],
        closeWatches: forbidden,
      }),
    apiGone: (ms) => put('api', { goneMs: ms }),
  };
}
