import { forward } from './forward.ts';
import { type DoorSettings, guard } from './guard.ts';
import { refusal } from './refusal.ts';

const access = 'lbscope.agent.v1.AgentService/GetAccess';

/**
 * Viewers' links hold the voters' token, so only who has `control` is told them; the agent says who that is. An empty
 * list: this dashboard is not shared.
 */
export async function viewerLinks(
  request: Request,
  settings: DoorSettings,
  links: string | undefined,
): Promise<Response> {
  const stopped = guard(request, access, settings);
  if (stopped !== undefined) return stopped;
  const headers = new Headers(request.headers);
  headers.set('content-type', 'application/json');
  const asked = new Request(request.url, { method: 'POST', headers, body: '{}', signal: request.signal });
  const answer = await forward(asked, access, settings.agentUrl);
  if (!answer.ok) return answer;
  const { role } = (await answer.json()) as { role?: unknown };
  if (role !== 'control') {
    return refusal(403, 'permission_denied', 'only the presenter may hand out links: your role is not control');
  }
  const viewers = (links ?? '').split(/\s+/).filter((link) => link !== '');
  return Response.json({ viewers }, { headers: { 'cache-control': 'no-store' } });
}
