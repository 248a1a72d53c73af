import { settingsFrom } from '../../components/live/door/guard.ts';
import { viewerLinks } from '../../components/live/door/viewer-links.ts';

/** The links that viewers open, for who may hand them out. */
export const dynamic = 'force-dynamic';
export const runtime = 'nodejs';

export function POST(request: Request): Promise<Response> {
  return viewerLinks(request, settingsFrom(process.env), process.env.LBSCOPE_VIEWER_LINKS);
}
