'use client';

import { DropdownMenu } from 'radix-ui';
import { type ReactNode, type Ref, type RefObject, useEffect, useLayoutEffect, useRef } from 'react';
import type { MenuState } from './menu.ts';

/** What opens under a button that `useMenu` describes. */
export function MenuBody({ menu, align, children }: { menu: MenuState; align: 'start' | 'end'; children: ReactNode }) {
  const content = useRef<HTMLDivElement>(null);
  const { open, byKey } = menu;
  // Radix knows how it was opened only if it was there before the key was pressed.
  useEffect(() => {
    if (!open || !byKey) return;
    const frame = requestAnimationFrame(() => {
      content.current?.querySelector<HTMLElement>('[role^="menuitem"]:not([data-disabled])')?.focus();
    });
    return () => cancelAnimationFrame(frame);
  }, [open, byKey]);
  return (
    <DropdownMenu.Root modal={false} open={menu.open} onOpenChange={menu.setOpen}>
      <DropdownMenu.Trigger asChild>
        <Standing element={menu.button} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          ref={content}
          className="menu"
          aria-labelledby={menu.buttonId}
          align={align}
          sideOffset={6}
          collisionPadding={12}
        >
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** Stands for a button that is on the page already: the menu is placed at it and gives the focus back to it. */
function Standing({ element, ref }: { element: RefObject<HTMLElement | null>; ref?: Ref<HTMLElement> }) {
  useLayoutEffect(() => {
    if (typeof ref === 'function') ref(element.current);
    else if (ref) ref.current = element.current;
  }, [element, ref]);
  return null;
}
