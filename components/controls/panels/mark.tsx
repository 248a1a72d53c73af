'use client';

import { useEffect, useRef, useState } from 'react';

/** A confirmation is read in this time. */
const confirmedForMs = 2_500;

/** What became of a field: asked, or in effect. A refusal is said in the agent's words elsewhere, and the field goes back. */
export function Mark({ pending, value }: { pending: boolean; value: string | number }) {
  const asked = useRef<string | number>(undefined);
  const [confirmed, setConfirmed] = useState(false);
  useEffect(() => {
    if (pending) {
      asked.current = value;
      setConfirmed(false);
      return;
    }
    // Taken back: the old value stands again, and nothing was confirmed.
    const kept = asked.current !== undefined && asked.current === value;
    asked.current = undefined;
    if (!kept) return;
    setConfirmed(true);
    const timer = setTimeout(() => setConfirmed(false), confirmedForMs);
    return () => clearTimeout(timer);
  }, [pending, value]);
  return (
    <span className="field-mark" role="status">
      {pending ? 'asked…' : confirmed ? 'in effect' : ''}
    </span>
  );
}
