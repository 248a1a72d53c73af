'use client';

import { useEffect, useRef, useState } from 'react';
import { agentClient } from '../live/client.ts';
import { upload } from '../live/exchange.ts';
import { reasonOf } from '../live/outcome.ts';

/** Takes in what was exported as JSON lines: chosen, or dropped anywhere on the page. */
export function ImportRun({ done, refuse }: { done(): void; refuse(reason: string): void }) {
  const input = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<{ kind: 'idle' } | { kind: 'over' } | { kind: 'sending'; part: number }>({
    kind: 'idle',
  });
  const latest = useRef({ done, refuse });
  latest.current = { done, refuse };

  useEffect(() => {
    const carriesFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const over = (event: DragEvent) => {
      if (!carriesFile(event)) return;
      event.preventDefault();
      setState((old) => (old.kind === 'sending' ? old : { kind: 'over' }));
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setState((old) => (old.kind === 'over' ? { kind: 'idle' } : old));
    };
    const drop = (event: DragEvent) => {
      if (!carriesFile(event)) return;
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) void send(file);
    };
    window.addEventListener('dragover', over);
    window.addEventListener('dragleave', leave);
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragover', over);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('drop', drop);
    };
  });

  const send = async (file: Blob) => {
    setState({ kind: 'sending', part: 0 });
    try {
      await upload(agentClient(), file, (part) => setState({ kind: 'sending', part }));
      latest.current.done();
    } catch (error) {
      latest.current.refuse(reasonOf(error));
    }
    setState({ kind: 'idle' });
  };

  return (
    <>
      <button
        type="button"
        className="word"
        data-testid="run-import"
        disabled={state.kind === 'sending'}
        onClick={() => input.current?.click()}
      >
        {state.kind === 'sending' ? `Importing ${Math.round(state.part * 100)} %` : 'Import'}
      </button>
      <input
        ref={input}
        type="file"
        hidden
        data-testid="run-import-file"
        accept=".jsonl,.gz"
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file !== undefined) void send(file);
        }}
      />
      {state.kind === 'over' && <div className="runs-drop">Drop the exported run anywhere</div>}
    </>
  );
}
