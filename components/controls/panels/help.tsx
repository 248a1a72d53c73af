'use client';

import { openGuide } from '../../guide/seen.ts';
import { scenarioKeys } from '../../scenario/keys.ts';
import { axisKeys } from '../../timeline/keys.ts';
import { Sheet } from '../../ui/sheet.tsx';
import { shortcuts } from '../shortcuts.ts';

/** The key `?`: what the picture says, and the keys. */
export function HelpSheet({ close }: { close(): void }) {
  return (
    <Sheet title="What you see" testId="help" kind="middle" close={close}>
      <ul className="help-orientation">
        <li>
          Each lane is one way to reach the same Service; all lanes send the same calls at the same moment, and each
          stripe is one pod, as thick as its share of the answers.
        </li>
        <li>
          A vertical line is a change to the cluster, and the bracket that begins there is how long that path took until
          a new pod answered.
        </li>
        <li>
          Under a band, hatching means that the client’s list of pods is out of date, and a tick is a lookup or a
          message that told it something.
        </li>
        <li>Right of now is who answers and what each client knows; red, with a cross and a number, is lost calls.</li>
      </ul>
      <button
        type="button"
        className="word"
        data-testid="guide-open"
        onClick={() => {
          close();
          openGuide();
        }}
      >
        Show it on the picture
      </button>
      <h2>Keys</h2>
      <dl className="help-keys">
        {[...shortcuts, ...scenarioKeys, ...axisKeys].map(({ keys, what }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Esc</kbd>
          </dt>
          <dd>Close this sheet</dd>
        </div>
      </dl>
    </Sheet>
  );
}
