'use client';

import { useState } from 'react';
import { copyText } from './clipboard.ts';

type Props = { text: string; label: string; copied: string; testId: string };

/** Copies a text that a person needs elsewhere; it is shown where nothing can be copied. */
export function CopyButton({ text, label, copied, testId }: Props) {
  const [done, setDone] = useState<'copied' | 'shown'>();
  const copy = async () => setDone((await copyText(text)) ? 'copied' : 'shown');
  return (
    <>
      <button type="button" className="word" data-testid={testId} title={text} onClick={() => void copy()}>
        {label}
      </button>
      <span role="status" className="quiet">
        {done === 'copied' && copied}
        {done === 'shown' && 'Nothing may be copied here:'}
      </span>
      {done === 'shown' && <pre className="mono copy-text">{text}</pre>}
    </>
  );
}
