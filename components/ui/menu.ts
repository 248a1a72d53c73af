'use client';

import { type KeyboardEvent, type PointerEvent, type RefObject, useId, useRef, useState } from 'react';

/** An open or closed menu and the button that it belongs to, as `MenuBody` takes it. */
export type MenuState = {
  button: RefObject<HTMLButtonElement | null>;
  buttonId: string;
  open: boolean;
  /** Opened by a key: the first entry has the focus. */
  byKey: boolean;
  setOpen(open: boolean): void;
};

/**
 * The button of a menu without the menu: what a menu needs (places, focus, typing ahead) is fetched once the pointer or
 * the focus comes near, not with the page. `menu` is undefined until then.
 */
export function useMenu() {
  const button = useRef<HTMLButtonElement>(null);
  const buttonId = useId();
  const [near, setNear] = useState(false);
  const [open, setOpen] = useState(false);
  const [byKey, setByKey] = useState(false);
  const come = () => setNear(true);
  const toggle = (next: boolean, key: boolean) => {
    setNear(true);
    setByKey(key);
    setOpen(next);
  };
  const trigger = {
    ref: button,
    id: buttonId,
    'aria-haspopup': 'menu',
    'aria-expanded': open,
    'data-state': open ? 'open' : 'closed',
    onPointerEnter: come,
    onFocus: come,
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0 || event.ctrlKey) return;
      toggle(!open, false);
      // The menu takes the focus, not the button.
      if (!open) event.preventDefault();
    },
    onKeyDown: (event: KeyboardEvent) => {
      if (!['Enter', ' ', 'ArrowDown'].includes(event.key)) return;
      toggle(event.key === 'ArrowDown' ? true : !open, true);
      event.preventDefault();
    },
  } as const;
  const menu: MenuState | undefined = near ? { button, buttonId, open, byKey, setOpen } : undefined;
  return { trigger, menu };
}
