'use client';

import { useEffect, useRef } from 'react';
import type { ScenarioRun } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import { expectationCount, type Offered, stepWords } from '../../model/view/scenario.ts';
import { useActions } from '../live/provider.tsx';
import { spaced } from '../ui/text.ts';

type Props = {
  run: ScenarioRun;
  offered: Offered;
  control: boolean;
  /** Whether it is being asked if the run should be aborted. */
  aborting: boolean;
  setAborting: (aborting: boolean) => void;
  drawerOpen: boolean;
  toggleDrawer: () => void;
};

/** The step under way, as a narrow band over the live picture: which of how many, what happens now, and the commands. */
export function Band({ run, offered, control, aborting, setAborting, drawerOpen, toggleDrawer }: Props) {
  const actions = useActions();
  const words = stepWords(run);
  const steps = run.scenario?.steps ?? [];
  return (
    <section
      className="band"
      data-testid="scenario-band"
      data-state={run.state}
      data-step={run.step}
      aria-label="Scenario"
    >
      <div className="band-where">
        <b className="band-title">{run.scenario?.title}</b>
        <span className="band-count" data-testid="scenario-step">
          {words.count}
        </span>
      </div>
      <p className="band-now" aria-live="polite" data-testid="scenario-now">
        {spaced(words.now)}
        {words.note !== '' && <span className="band-note"> {words.note}</span>}
      </p>
      {aborting && offered.abort ? (
        <AbortAsk abort={() => void actions()?.abortScenario()} done={() => setAborting(false)} />
      ) : (
        <div className="band-commands">
          {control && offered.goOn && (
            <button
              type="button"
              className="start-stop"
              data-testid="scenario-go-on"
              onClick={() => void actions()?.nextStep()}
            >
              {run.state === 'paused' ? 'Go on' : 'Next'} <kbd>Enter</kbd>
            </button>
          )}
          {control && offered.skip && (
            <button
              type="button"
              className="word"
              title="Cuts the wait short; fewer samples may make a figure inconclusive"
              onClick={() => void actions()?.nextStep()}
            >
              Cut short
            </button>
          )}
          {control && offered.pause && (
            <button type="button" className="word" onClick={() => void actions()?.pauseScenario(true)}>
              Pause
            </button>
          )}
          <button
            type="button"
            className="word"
            data-testid="scenario-drawer-toggle"
            aria-expanded={drawerOpen}
            onClick={toggleDrawer}
          >
            {drawerOpen ? 'Hide' : expectationCount(run) || 'Show'}
          </button>
          {control && offered.abort && (
            <button type="button" className="word" data-testid="scenario-abort" onClick={() => setAborting(true)}>
              Abort
            </button>
          )}
        </div>
      )}
      <ol className="band-steps" aria-hidden>
        {steps.map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step is its number
          <li key={index} data-state={step.state} />
        ))}
      </ol>
    </section>
  );
}

/** Asks first; Enter says yes, Escape goes on. */
function AbortAsk({ abort, done }: { abort: () => void; done: () => void }) {
  const yes = useRef<HTMLButtonElement>(null);
  useEffect(() => yes.current?.focus(), []);
  return (
    <div className="band-commands" role="alertdialog" aria-label="Abort the scenario?">
      <span>Abort, and put back what it changed?</span>
      <button
        type="button"
        ref={yes}
        className="start-stop"
        data-testid="scenario-abort-yes"
        onClick={() => {
          abort();
          done();
        }}
      >
        Abort
      </button>
      <button type="button" className="word" onClick={done}>
        Go on <kbd>Esc</kbd>
      </button>
    </div>
  );
}
