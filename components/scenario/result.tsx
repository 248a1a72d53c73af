import type { ScenarioRun } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import { outcomeWords, type ScenarioRow } from '../../model/view/scenario.ts';
import { sentence } from '../ui/text.ts';
import { Sign } from './sign.tsx';

type Props = {
  run: ScenarioRun;
  next: ScenarioRow | undefined;
  read: (id: string) => void;
  /** Undefined: there is no way on, as of a recorded run. */
  all: (() => void) | undefined;
};

/** How it ended, what was put back, and the way on. */
export function Result({ run, next, read, all }: Props) {
  const { outcome } = run;
  const mark = outcome === 'pass' ? 'pass' : outcome === 'fail' ? 'fail' : 'inconclusive';
  return (
    <section className="result" data-testid="scenario-outcome" data-outcome={outcome}>
      <p className={`result-outcome result-${mark}`}>
        <Sign mark={mark} />
        <span>
          {outcomeWords(run)}. {sentence(run.reason)}
        </span>
      </p>
      {run.restored.length > 0 && (
        <ul className="result-restored" aria-label="Put back">
          <li>Put back:</li>
          {run.restored.map((text) => (
            <li key={text}>{sentence(text)}</li>
          ))}
        </ul>
      )}
      <div className="scenario-commands">
        {next !== undefined && (
          <button type="button" className="word" data-testid="scenario-next" onClick={() => read(next.id)}>
            Next: {next.title} <kbd>Enter</kbd>
          </button>
        )}
        {all !== undefined && (
          <button type="button" className="word" onClick={all}>
            All scenarios
          </button>
        )}
      </div>
    </section>
  );
}
