'use client';

import { type ReactNode, useEffect, useRef } from 'react';

/**
 * A sheet at the right edge, on a phone at the bottom: the picture stays in sight beside it. A native modal dialog, so
 * that Escape, the focus and what lies behind it are the browser's own affair.
 */
export function Sheet({
  title,
  testId,
  kind = 'side',
  close,
  children,
}: {
  title: string;
  testId: string;
  kind?: 'side' | 'middle';
  close(): void;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    if (element !== null && !element.open) element.showModal();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a native dialog by itself
    <dialog
      ref={dialog}
      className={`sheet sheet-${kind}`}
      data-testid={testId}
      aria-labelledby={`${testId}-title`}
      onClose={close}
      onClick={(event) => {
        // Beside the sheet: the backdrop is the dialog itself.
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div className="sheet-inside">
        <header className="sheet-head">
          <h2 id={`${testId}-title`}>{title}</h2>
          <button type="button" className="word sheet-close" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
