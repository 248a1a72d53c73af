'use client';

import { useEffect, useState } from 'react';
import { copyText } from '../controls/clipboard.ts';
import { copyLink } from '../controls/link.ts';
import { Notice } from '../controls/notice.tsx';
import { useLiveStore, useMay } from '../live/provider.tsx';
import { ownToken } from '../live/token.ts';
import { Sheet } from '../ui/sheet.tsx';
import { QrCode } from './qr-code.tsx';

type Links = { kind: 'asking' } | { kind: 'known'; viewers: readonly string[] } | { kind: 'failed'; reason: string };

/** The room's way in: a link to scan, and one that brings this moment back. */
export function ShareSheet({ close }: { close(): void }) {
  const store = useLiveStore();
  const { control } = useMay();
  const [links, setLinks] = useState<Links>({ kind: 'asking' });
  const [chosen, setChosen] = useState(0);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!control) return;
    const ending = new AbortController();
    askLinks(ending.signal).then(
      (viewers) => setLinks({ kind: 'known', viewers }),
      (error: unknown) => {
        if (!ending.signal.aborted) setLinks({ kind: 'failed', reason: String((error as Error).message) });
      },
    );
    return () => ending.abort();
  }, [control]);
  const link = links.kind === 'known' ? links.viewers[chosen] : undefined;
  return (
    <Sheet title="Share" testId="share-sheet" close={close}>
      {!control && <p className="sheet-lead">The presenter has the link for the room.</p>}
      {control && links.kind === 'failed' && <p className="sheet-lead">The links cannot be read: {links.reason}</p>}
      {control && links.kind === 'known' && links.viewers.length === 0 && (
        <p className="sheet-lead" data-testid="not-shared">
          Only this machine reaches the dashboard. Started with <code className="mono">npm start -- --share</code> it is
          open to the room: viewers watch and vote, the presenter alone acts.
        </p>
      )}
      {link !== undefined && links.kind === 'known' && (
        <>
          <p className="sheet-lead">
            Who scans this watches and votes on their own screen. They cannot change anything.
          </p>
          <QrCode text={link} label="QR code of the viewers’ link" />
          <p className="share-link mono" data-testid="viewer-link">
            {link.replace(/#.*/, '')}
            <span className="share-secret">#token=…</span>
          </p>
          <p className="share-acts">
            <button
              type="button"
              className="word"
              data-testid="copy-viewer-link"
              onClick={() => void copyText(link).then(setCopied)}
            >
              {copied ? 'Copied' : 'Copy the viewers’ link'}
            </button>
          </p>
          {links.viewers.length > 1 && (
            <fieldset className="choice">
              <legend>This machine has several addresses</legend>
              {links.viewers.map((each, i) => (
                <label key={each}>
                  <input type="radio" name="address" checked={i === chosen} onChange={() => setChosen(i)} />
                  <span className="mono">{new URL(each).host}</span>
                </label>
              ))}
            </fieldset>
          )}
        </>
      )}
      <h3 className="sheet-sub">This moment</h3>
      <p className="sheet-lead">A link that brings back this view, its lanes, span and theme, at this instant.</p>
      <p className="share-acts">
        <button type="button" className="word" data-testid="copy-moment" onClick={() => void copyLink(store)}>
          Copy link
        </button>
      </p>
      <Notice inSheet />
    </Sheet>
  );
}

async function askLinks(signal: AbortSignal): Promise<readonly string[]> {
  const token = ownToken();
  const answer = await fetch('/share', {
    method: 'POST',
    signal,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  const body = (await answer.json()) as { viewers?: string[]; message?: string };
  if (!answer.ok) throw new Error(body.message ?? `status ${answer.status}`);
  return body.viewers ?? [];
}
