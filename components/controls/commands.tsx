'use client';

import { useActions, useLive, useMay } from '../live/provider.tsx';
import { ScenariosWord } from '../scenario/open-button.tsx';
import { useTheme } from '../ui/swatch.tsx';
import { setTheme } from '../ui/theme.ts';
import { AccessLine } from './access-line.tsx';
import { Help } from './help.tsx';
import { MoreMenu } from './more-menu.tsx';
import { openPanel } from './panels/panels.ts';
import { ViewSwitch } from './view-switch.tsx';

/** Play or stop; shows what is asked for at once. */
export function StartStop({ secondary = false }: { secondary?: boolean }) {
  const { snapshot, pending } = useLive();
  const { act, control } = useMay();
  const actions = useActions();
  const running = pending.running ?? snapshot?.running ?? false;
  if (!control) return null;
  return (
    <button
      type="button"
      className="start-stop"
      data-testid={secondary ? undefined : 'start-stop'}
      disabled={!act}
      aria-label={running ? 'Stop traffic' : 'Start traffic'}
      onClick={() => void (running ? actions()?.stop() : actions()?.start())}
    >
      <svg viewBox="0 0 10 10" aria-hidden="true">
        {running ? <path d="M1 1h8v8H1z" /> : <path d="M2 .5 9.5 5 2 9.5z" />}
      </svg>
      {running ? 'Stop' : 'Start'}
    </button>
  );
}

export function Commands() {
  const { phase } = useLive();
  const { control } = useMay();
  const recorded = phase.kind === 'recorded';
  return (
    <div className="commands">
      {recorded && <span className="commands-why">Recorded: nothing here acts on the cluster.</span>}
      {!recorded && !control && <AccessLine />}
      {!recorded && control && (
        <>
          <StartStop />
          <button type="button" className="word" data-testid="lanes-open" onClick={() => openPanel('lanes')}>
            Lanes
          </button>
          <button type="button" className="word" data-testid="cluster-open" onClick={() => openPanel('cluster')}>
            Cluster
          </button>
        </>
      )}
      {!recorded && !control && (
        <button type="button" className="word" data-testid="lanes-open" onClick={() => openPanel('lanes')}>
          Lanes
        </button>
      )}
      {!recorded && <ScenariosWord />}
      <ViewSwitch />
      <span className="signs">
        <ThemeSwitch />
        <Help />
        <MoreMenu />
      </span>
    </div>
  );
}

function ThemeSwitch() {
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <button
      type="button"
      className="theme"
      data-testid="theme"
      aria-label={`Switch to the ${other} theme`}
      title={`Switch to the ${other} theme (t)`}
      onClick={() => setTheme(other)}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.5" />
        <path d="M8 1.5a6.5 6.5 0 0 1 0 13z" />
      </svg>
    </button>
  );
}
