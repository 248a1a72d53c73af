import { setUrlParameter } from '../ui/theme.ts';
import { useUrlParameter } from '../ui/url.ts';
import { setView } from '../ui/view.ts';

/** For the last row of a room: the question, the verdicts and how long each path took, large; controls behind keys. */
export function usePresenting(): boolean {
  return useUrlParameter('present') === '1';
}

export function isPresenting(): boolean {
  return new URLSearchParams(window.location.search).get('present') === '1';
}

/** Presents, full screen where the browser allows it; or ends both. */
export function setPresenting(on: boolean): void {
  if (on) setView('stage');
  setUrlParameter('present', on ? '1' : undefined);
  if (on) void document.documentElement.requestFullscreen?.().catch(() => undefined);
  else if (document.fullscreenElement !== null) void document.exitFullscreen().catch(() => undefined);
}

export function toggleFullScreen(): void {
  if (document.fullscreenElement === null) void document.documentElement.requestFullscreen?.().catch(() => undefined);
  else void document.exitFullscreen().catch(() => undefined);
}
