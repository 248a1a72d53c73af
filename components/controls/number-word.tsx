'use client';

import { type KeyboardEvent, useRef, useState } from 'react';
import { useMay } from '../live/provider.tsx';

type Props = {
  value: number;
  label: string;
  /** Shown behind the number, a part of the word. */
  unit: string;
  pending: boolean;
  disabled: boolean;
  testId?: string;
  /** What the arrow keys do. */
  step(value: number, up: boolean): number;
  commit(value: number): void;
};

/** A number in the sentence: type and Enter, or arrow keys; Escape takes it back. What it may be, the agent decides. */
export function NumberWord({ value, label, unit, pending, disabled, testId, step, commit }: Props) {
  const [draft, setDraft] = useState<string>();
  const input = useRef<HTMLInputElement>(null);
  const { control } = useMay();
  const text = draft ?? String(value);
  // Who may only look reads a word.
  if (!control) {
    return (
      <b data-testid={testId}>
        {value.toLocaleString('en')} {unit}
      </b>
    );
  }

  const send = () => {
    if (draft === undefined) return;
    setDraft(undefined);
    const asked = Number(draft.trim().replace(',', '.'));
    if (draft.trim() !== '' && asked !== value) commit(asked);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') send();
    else if (event.key === 'Escape') setDraft(undefined);
    else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      event.preventDefault();
      setDraft(undefined);
      commit(step(Number(text) || value, event.key === 'ArrowUp'));
    } else return;
    event.stopPropagation();
  };

  return (
    <label className="number">
      <span className="sr-only">{label}</span>
      <input
        ref={input}
        className={pending ? 'word word-pending' : 'word'}
        data-testid={testId}
        inputMode="decimal"
        autoComplete="off"
        disabled={disabled}
        style={{ width: `${Math.max(1, text.length) + 0.15}ch` }}
        value={text}
        onChange={(event) => setDraft(event.target.value)}
        onFocus={(event) => event.target.select()}
        onBlur={send}
        onKeyDown={onKeyDown}
      />
      <span className="unit">{unit}</span>
    </label>
  );
}
