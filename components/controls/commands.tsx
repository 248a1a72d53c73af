'use client';

import { useActions, useLive } from '../live/provider.tsx';
import { useTheme } from '../ui/swatch.tsx';
import { setTheme } from '../ui/theme.ts';
import { Help } from './help.tsx';
import { ViewSwitch } from './view-switch.tsx';

/** Play or stop; shows what is asked for at once. */
export function StartStop({ secondary = false }: { secondary?: boolean }) {
  const { snapshot, pending, phase } = useLive();
  const actions = useActions();
  const running = pending.running ?? snapshot?.running ?? false;
  return (
    <button
      type="button"
      className="start-stop"
      data-testid={secondary ? undefined : 'start-stop'}
      disabled={phase.kind !== 'live'}
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
  const actions = useActions();
  const disabled = phase.kind !== 'live';
  if (phase.kind === 'recorded') {
    return (
      <div className="commands">
        <span className="commands-why">Recorded: nothing here acts on the cluster.</span>
        <span className="signs">
          <ThemeSwitch />
          <Help />
        </span>
      </div>
    );
  }
  return (
    <div className="commands">
      <StartStop />
      <button
        type="button"
        className="word"
        data-testid="rollout"
        disabled={disabled}
        onClick={() => void actions()?.restartRollout()}
      >
        Rollout restart
      </button>
      <button
        type="button"
        className="word"
        data-testid="new-run"
        disabled={disabled}
        onClick={() => void actions()?.newRun()}
      >
        New run
      </button>
      <a className="word" data-testid="runs-link" href="/runs">
        Runs
      </a>
      <ViewSwitch />
      <span className="signs">
        <ThemeSwitch />
        <Help />
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
      title={`Switch to the ${other} theme`}
      onClick={() => setTheme(other)}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.5" />
        <path d="M8 1.5a6.5 6.5 0 0 1 0 13z" />
      </svg>
    </button>
  );
}
