'use client';

import type { ReactNode } from 'react';
import { NumberWord } from '../number-word.tsx';
import { Mark } from './mark.tsx';

/** One setting of a sheet: what it is, its value to be typed or stepped, what came of it, and what it means. */
export function NumberField({
  label,
  unit,
  value,
  pending,
  disabled,
  testId,
  hint,
  step,
  commit,
}: {
  label: string;
  unit: string;
  value: number;
  pending: boolean;
  disabled: boolean;
  testId: string;
  hint?: ReactNode;
  step(value: number, up: boolean): number;
  commit(value: number): void;
}) {
  const next = (up: boolean) => {
    const to = step(value, up);
    if (to !== value) commit(to);
  };
  return (
    <div className="field">
      <span className="field-label">{label}</span>
      <span className="field-value">
        <button
          type="button"
          className="step"
          aria-label={`${label}: less`}
          disabled={disabled}
          onClick={() => next(false)}
        >
          −
        </button>
        <NumberWord
          value={value}
          label={label}
          unit={unit}
          pending={pending}
          disabled={disabled}
          testId={testId}
          step={step}
          commit={commit}
        />
        <button
          type="button"
          className="step"
          aria-label={`${label}: more`}
          disabled={disabled}
          onClick={() => next(true)}
        >
          +
        </button>
      </span>
      <Mark pending={pending} value={value} />
      {hint !== undefined && <small className="field-hint">{hint}</small>}
    </div>
  );
}
