'use client';

import { openGuide } from '../../guide/seen.ts';
import { scenarioKeys } from '../../scenario/keys.ts';
import { axisKeys } from '../../timeline/keys.ts';
import { Sheet } from '../../ui/sheet.tsx';
import { currentView, type View } from '../../ui/view.ts';
import { shortcuts } from '../shortcuts.ts';

/** What the picture on the screen says. */
const orientation: Record<View, readonly string[]> = {
  stage: [
    'Each corner is a client that reaches the same Service in its own way. All send the same calls at the same moment.',
    'The pods stand once in the middle. A stream is as wide as its calls a second, and a number is the share that one client gives to that pod.',
    'The wheel is whom a path believes in: a lock, picked once at connect; a turning arrow, picked for every call. A ring at a pod: could be picked and was not. A dashed box: that path does not know this pod.',
    'Below is who answered over time. A line is a change to the pods, and the hatched bar after it how long the path took to notice. Red, with a cross and a number, is lost calls.',
  ],
  timeline: [
    'Each lane is one way to reach the same Service; all lanes send the same calls at the same moment, and each stripe is one pod, as thick as its share of the answers.',
    'A vertical line is a change to the cluster, and the bracket that begins there is how long that path took until a new pod answered.',
    'Under a band, hatching means that the client’s list of pods is out of date, and a tick is a lookup or a message that told it something.',
    'Right of now is who answers and what each client knows; red, with a cross and a number, is lost calls.',
  ],
};

/** The key `?`: what the picture says, and the keys. */
export function HelpSheet({ close }: { close(): void }) {
  return (
    <Sheet title="What you see" testId="help" kind="middle" close={close}>
      <ul className="help-orientation" data-testid="help-orientation">
        {orientation[currentView() ?? 'stage'].map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
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
      <h2 className="help-keys-title">Keys</h2>
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
