'use client';

import { useState } from 'react';
import { lanesInOrder, moved, withLane, withoutLane } from '../../../model/view/shown-lanes.ts';
import { openLane } from '../../lane/open.ts';
import type { Added } from '../../live/actions.ts';
import { useActions, useLive, useMay } from '../../live/provider.tsx';
import { Sheet } from '../../ui/sheet.tsx';
import { setShownLanes } from '../../ui/shown-lanes.ts';
import { useUrlParameter } from '../../ui/url.ts';
import { copyText } from '../clipboard.ts';
import { Notice } from '../notice.tsx';
import { openPanel } from './panels.ts';
import { PresetRow } from './preset-row.tsx';

const groups: Record<string, string> = {
  kubernetes: 'What Kubernetes offers',
  client: 'Other clients',
  proxy: 'Proxies',
  broken: 'Common mistakes',
  own: 'Your own',
};

/** Which paths run and which are shown: those that are there, and all that could be switched on. */
export function LanesSheet({ close }: { close(): void }) {
  const { snapshot, pending } = useLive();
  const { act, control } = useMay();
  const actions = useActions();
  const picked = useUrlParameter('lanes')?.split(',');
  const [added, setAdded] = useState<Added>();
  if (snapshot === undefined) return null;
  const all = snapshot.lanes.map(({ id }) => id);
  const { shown, hidden } = lanesInOrder(all, picked);
  const removed = pending.removed ?? [];
  const byId = new Map(snapshot.lanes.map((lane) => [lane.id, lane]));
  const off = snapshot.presets.filter((preset) => preset.laneIds.length === 0);
  return (
    <Sheet title="Lanes" testId="lanes-sheet" close={close}>
      <p className="sheet-lead">Each lane is one way to reach the same pods. What is hidden here runs on.</p>
      <ul className="lanes-list" aria-label="Lanes that run">
        {[...shown, ...hidden].map((id, i) => {
          const lane = byId.get(id);
          if (lane === undefined) return null;
          const visible = i < shown.length;
          const going = removed.includes(id);
          return (
            <li key={id} data-testid={`lanes-row-${id}`} data-shown={visible} data-going={going}>
              <label className="lanes-show">
                <input
                  type="checkbox"
                  checked={visible}
                  disabled={visible && shown.length === 1}
                  onChange={() => setShownLanes(visible ? withoutLane(shown, id) : withLane(shown, id, all))}
                />
                <span className="lanes-name">{lane.label || id}</span>
              </label>
              <span className="lanes-acts">
                <button
                  type="button"
                  className="step"
                  aria-label={`${lane.label}: further up`}
                  disabled={!visible || i === 0}
                  onClick={() => setShownLanes(moved(shown, id, -1))}
                >
                  ↑
                </button>
                <button
                  type="button"
                  className="step"
                  aria-label={`${lane.label}: further down`}
                  disabled={!visible || i === shown.length - 1}
                  onClick={() => setShownLanes(moved(shown, id, 1))}
                >
                  ↓
                </button>
                <button
                  type="button"
                  className="word"
                  onClick={() => {
                    openPanel(undefined);
                    openLane(id);
                  }}
                >
                  Open
                </button>
                {control && (
                  <button
                    type="button"
                    className="word"
                    data-testid={`remove-${id}`}
                    disabled={!act || going}
                    onClick={() => void actions()?.removeLane(id)}
                  >
                    {going ? 'Removing…' : 'Remove'}
                  </button>
                )}
              </span>
              <small className="lanes-what">
                {lane.state === 'unavailable' ? `Unavailable: ${lane.reason}` : lane.spec?.mechanism}
              </small>
            </li>
          );
        })}
      </ul>
      {picked !== undefined && (
        <button type="button" className="word" onClick={() => setShownLanes(undefined)}>
          Show all, in the run’s order
        </button>
      )}
      {added !== undefined && <AddedNote added={added} />}
      <h3 className="sheet-sub">Add a lane</h3>
      {!control && <p className="sheet-lead">Only the presenter adds lanes; this is what each would show.</p>}
      {Object.entries(groups).map(([group, title]) => {
        const own = off.filter((preset) => preset.group === group);
        return own.length === 0 ? null : (
          <section key={group} className="presets">
            <h4>{title}</h4>
            <ul>
              {own.map((preset) => (
                <PresetRow key={preset.id} preset={preset} added={setAdded} />
              ))}
            </ul>
          </section>
        );
      })}
      <Notice inSheet />
    </Sheet>
  );
}

/** What was done; and where the agent applies nothing itself, what is left to apply. */
function AddedNote({ added }: { added: Added }) {
  const [copied, setCopied] = useState(false);
  return (
    <div className="added" role="status" data-testid="added">
      <p>{added.note}</p>
      {added.objects !== '' && (
        <>
          <pre className="mono copy-text">{added.objects}</pre>
          <button
            type="button"
            className="word"
            onClick={() => void copyText(added.objects).then((done) => setCopied(done))}
          >
            {copied ? 'Copied' : 'Copy for kubectl apply -f -'}
          </button>
        </>
      )}
    </div>
  );
}
