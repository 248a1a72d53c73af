import { forward } from '../../../components/live/door/forward.ts';
import { guard, settingsFrom } from '../../../components/live/door/guard.ts';

/** Hands the bytes on to the agent, as they come. A route, not a rewrite: rewrites hold streams back and hide resets. */
export const dynamic = 'force-dynamic';
export const runtime = 'nodejs';

async function handle(request: Request, context: { params: Promise<{ path: string[] }> }): Promise<Response> {
  const settings = settingsFrom(process.env);
  const path = (await context.params).path.join('/');
  return guard(request, path, settings) ?? forward(request, path, settings.agentUrl);
}

export { handle as GET, handle as POST };
