'use client';

import { DropdownMenu } from 'radix-ui';
import { type RpcKind, rpcKinds } from '../../model/words.ts';

const names: Record<RpcKind, { word: string; what: string }> = {
  unary: { word: 'unary', what: 'one question, one answer' },
  server_stream: { word: 'server stream', what: 'one question, many answers' },
  client_stream: { word: 'client stream', what: 'many questions, one answer' },
  bidi: { word: 'bidi stream', what: 'many both ways' },
};

export function kindWord(kind: string): string {
  return kind in names ? names[kind as RpcKind].word : kind;
}

export function KindMenu({
  kind,
  pending,
  disabled,
  choose,
}: {
  kind: string;
  pending: boolean;
  disabled: boolean;
  choose(kind: string): void;
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button
          type="button"
          className={pending ? 'word word-pending' : 'word'}
          data-testid="kind"
          aria-label={`RPC kind: ${kindWord(kind)}`}
          disabled={disabled}
        >
          {kindWord(kind)}
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={6}>
          <DropdownMenu.RadioGroup value={kind} onValueChange={choose}>
            {rpcKinds.map((each) => (
              <DropdownMenu.RadioItem key={each} value={each} className="menu-item">
                <span>{names[each].word}</span>
                <small>{names[each].what}</small>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
