'use client';

import { useState } from 'react';
import { Commands } from './commands.tsx';
import { LiveMark } from './live-mark.tsx';
import { Sentence } from './sentence.tsx';

/** The top row of every view: a sentence whose underlined words are the controls. */
export function Header() {
  const [open, setOpen] = useState(false);
  return (
    <header className="header" data-open={open}>
      <span className="brand">lbscope</span>
      <div className="header-controls">
        <Sentence />
        <Commands />
      </div>
      <LiveMark />
      <button type="button" className="word header-more" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? 'Less' : 'More'}
      </button>
    </header>
  );
}
