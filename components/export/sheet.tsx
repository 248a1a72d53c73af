'use client';

import { toJsonString } from '@bufbuild/protobuf';
import { useState } from 'react';
import { GetSnapshotResponseSchema } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { framesCsv, numbersCsv } from '../../model/view/numbers.ts';
import { useLive } from '../live/provider.tsx';
import { Sheet } from '../ui/sheet.tsx';
import { fileName } from './file-name.ts';
import { toPng } from './to-png.ts';
import { toSvg } from './to-svg.ts';

type Kind = 'png' | 'svg' | 'csv' | 'frames' | 'json';

const kinds: readonly { kind: Kind; name: string; what: string }[] = [
  { kind: 'png', name: 'Picture, PNG', what: 'for slides: what is shown, twice as fine' },
  { kind: 'svg', name: 'Picture, SVG', what: 'texts stay texts, fonts included' },
  { kind: 'csv', name: 'Numbers, CSV', what: 'a row for each lane and pod, as of this moment' },
  { kind: 'frames', name: 'Last 90 s, CSV', what: 'a row for each fifth of a second, lane and pod' },
  { kind: 'json', name: 'Everything, JSON', what: 'the snapshot, as the API gives it' },
];

/** What is shown, as a file. The moment is the one at which the sheet was opened. */
export function SaveSheet({ close }: { close(): void }) {
  const view = useLive();
  // Taken once: all files of one visit are of one moment.
  const [moment] = useState({ snapshot: view.snapshot, nowMs: view.nowMs });
  const [said, setSaid] = useState('');
  const { snapshot, nowMs } = moment;
  const save = async (kind: Kind) => {
    if (snapshot === undefined) return;
    setSaid('');
    try {
      const root = document.querySelector<HTMLElement>('.stage, .timeline');
      const what = root?.classList.contains('stage') === true ? 'stage' : 'timeline';
      const name = (part: string, type: string) => fileName(snapshot.runId, nowMs, part, type);
      if (kind === 'png' || kind === 'svg') {
        if (root === null) return;
        const { svg, width, height } = await toSvg(root);
        if (kind === 'svg') download(name(what, 'svg'), new Blob([svg], { type: 'image/svg+xml' }));
        else download(name(what, 'png'), await toPng(svg, width, height));
      } else if (kind === 'csv') {
        download(name('numbers', 'csv'), text(numbersCsv(snapshot, nowMs), 'text/csv'));
      } else if (kind === 'frames') {
        download(name('frames', 'csv'), text(framesCsv(snapshot, nowMs), 'text/csv'));
      } else {
        const json = toJsonString(GetSnapshotResponseSchema, snapshot, { prettySpaces: 2, alwaysEmitImplicit: true });
        download(name('snapshot', 'json'), text(json, 'application/json'));
      }
      setSaid('Saved.');
    } catch (error) {
      setSaid(`Not saved: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return (
    <Sheet title="Save what is shown" testId="save-sheet" close={close}>
      {snapshot === undefined && <p className="sheet-lead">Nothing is known yet.</p>}
      <ul className="save-list">
        {kinds.map(({ kind, name, what }) => (
          <li key={kind}>
            <button
              type="button"
              className="word"
              data-testid={`save-${kind}`}
              disabled={snapshot === undefined}
              onClick={() => void save(kind)}
            >
              {name}
            </button>
            <small>{what}</small>
          </li>
        ))}
      </ul>
      <p role="status" className="sheet-lead">
        {said}
      </p>
      <p className="sheet-lead">The whole run, with every frame and event, is kept among the recorded runs.</p>
    </Sheet>
  );
}

function text(content: string, type: string): Blob {
  return new Blob([content], { type: `${type};charset=utf-8` });
}

function download(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
