'use client';

import { DropdownMenu } from 'radix-ui';
import { agentClient } from '../live/client.ts';
import { download, formats } from '../live/exchange.ts';
import { reasonOf } from '../live/outcome.ts';

/** What a run can be taken away as. */
export function ExportMenu({ runId, refuse }: { runId: string; refuse(reason: string): void }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>
        <button type="button" className="word" data-testid="run-export">
          Export
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6} collisionPadding={12}>
          {formats.map(({ format, name, what }) => (
            <DropdownMenu.Item
              key={format}
              className="menu-item"
              data-testid={`export-${format}`}
              onSelect={() => {
                download(agentClient(), runId, format).catch((error: unknown) => refuse(reasonOf(error)));
              }}
            >
              {name} <small>{what}</small>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
