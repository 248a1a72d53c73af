import { setUrlParameter } from '../ui/theme.ts';

/** The list; while one runs, that one. */
export function openScenarios(): void {
  const shown = document.documentElement.dataset.scenario ?? '';
  setUrlParameter('scenario', shown.includes('band') ? 'run' : 'all');
}
