'use client';

import { useState } from 'react';
import { copyText } from './clipboard.ts';

/** The RBAC rule that a forbidden lane lacks, to be pasted; shown where nothing can be copied. */
export function CopyRule({ rule }: { rule: string }) {
  const [done, setDone] = useState<'copied' | 'shown'>();
  const copy = async () => setDone((await copyText(rule)) ? 'copied' : 'shown');
  return (
    <div className="copy-rule">
      <button type="button" className="word" data-testid="copy-rule" onClick={() => void copy()}>
        Copy the rule
      </button>
      <span role="status" className="quiet">
        {done === 'copied' && 'Copied: a Role with get, list and watch on endpointslices'}
        {done === 'shown' && 'Nothing may be copied here:'}
      </span>
      {done === 'shown' && <pre className="mono copy-text">{rule}</pre>}
    </div>
  );
}
