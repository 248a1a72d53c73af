import type { ScenarioExpectation } from '../../gen/lbscope/events/v1/scenarios_pb.js';
import { markWord } from '../../model/view/scenario.ts';
import { sentence, spaced } from '../ui/text.ts';
import { Sign } from './sign.tsx';

/** What must be true, and what came of it: a sign, a word, the figure with its sample. */
export function Expectations({ list }: { list: readonly ScenarioExpectation[] }) {
  if (list.length === 0) return null;
  return (
    <section className="expectations">
      <h3>Expected</h3>
      <ol>
        {list.map((each, index) => {
          const { mark, word } = markWord(each.state);
          return (
            <li
              // biome-ignore lint/suspicious/noArrayIndexKey: a scenario's expectations are what their number says
              key={index}
              className={`expectation expectation-${mark}`}
              data-testid={`expectation-${index}`}
              data-state={each.state}
              data-value={each.value}
              data-sample={each.sample}
            >
              <Sign mark={mark} />
              <div>
                <p className="expectation-text">
                  <b>{word}</b> {spaced(sentence(each.text))}
                </p>
                {each.finding !== '' && <p className="expectation-finding">{spaced(sentence(each.finding))}</p>}
                {each.because !== '' && mark !== 'pending' && <p className="scenario-note">{each.because}</p>}
              </div>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
