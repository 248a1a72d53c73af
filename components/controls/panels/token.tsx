'use client';

import { useState } from 'react';
import { useLive } from '../../live/provider.tsx';
import { dropToken, keepToken } from '../../live/token.ts';
import { Sheet } from '../../ui/sheet.tsx';

/** Who may do what, and how to be allowed more. */
export function TokenSheet({ close }: { close(): void }) {
  const { access } = useLive();
  const [text, setText] = useState('');
  const refused = access.kind === 'refused';
  const enter = () => {
    keepToken(tokenOf(text));
    window.location.reload();
  };
  return (
    <Sheet
      title={refused ? 'This token opens nothing' : 'Enter a token'}
      testId="token-sheet"
      kind="middle"
      close={close}
    >
      <p className="sheet-lead">
        {refused
          ? 'The agent does not know the token of this tab: it was mistyped, or it is of an earlier start, as each start makes new ones.'
          : 'Viewers watch and vote. Who has the presenter’s token may act: it is in the link that was printed at the start.'}
      </p>
      <form
        className="token-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') enter();
        }}
      >
        <label>
          <span>Token, or the whole link</span>
          <input
            value={text}
            data-testid="token-input"
            type="password"
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <button type="submit" className="start-stop" disabled={text.trim() === ''}>
          Use it
        </button>
      </form>
      {refused && (
        <button
          type="button"
          className="word"
          data-testid="token-drop"
          onClick={() => {
            dropToken();
            window.location.reload();
          }}
        >
          Go on without a token
        </button>
      )}
    </Sheet>
  );
}

/** People paste what they were sent. */
function tokenOf(text: string): string {
  const hash = text.trim().split('#')[1];
  return (hash === undefined ? undefined : new URLSearchParams(hash).get('token')) ?? text.trim();
}
