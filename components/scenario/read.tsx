import type { Scenario } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import type { ScenarioRow } from '../../model/view/scenario.ts';
import { sentence, spaced } from '../ui/text.ts';

type Props = {
  row: ScenarioRow | undefined;
  scenario: Scenario | undefined;
  /** Whether this person may begin it; undefined: not told yet. */
  control: boolean | undefined;
  begin: () => void;
  back: () => void;
};

/** The story, to be read aloud, in letters that reach the last row. */
export function Read({ row, scenario, control, begin, back }: Props) {
  if (row === undefined || scenario === undefined)
    return (
      <p className="scenario-quiet">
        There is no scenario of this name here.{' '}
        <button type="button" className="word" onClick={back}>
          All scenarios
        </button>
      </p>
    );
  return (
    <div className="scenario-read">
      <h2 className="scenario-head">{scenario.title}</h2>
      <p className="scenario-story">{scenario.story}</p>
      {scenario.shortened.map((text) => (
        <p key={text} className="scenario-note">
          {spaced(sentence(text))}
        </p>
      ))}
      <p className="scenario-note">{sentence(spaced(row.needs))} It begins a new run and puts back what it changes.</p>
      <div className="scenario-commands">
        {row.why !== '' ? (
          <span className="scenario-why">Not here: {sentence(row.why)}</span>
        ) : control === false ? (
          <span className="scenario-quiet">The presenter begins it; you will see it here.</span>
        ) : (
          <button type="button" className="start-stop" data-testid="scenario-begin" onClick={begin}>
            Begin <kbd>Enter</kbd>
          </button>
        )}
        <button type="button" className="word" data-testid="scenario-back" onClick={back}>
          All scenarios
        </button>
      </div>
    </div>
  );
}
