'use client';

import dynamic from 'next/dynamic';
import { useMenu } from '../ui/menu.ts';

export const loadMoreMenu = () => import('./more-menu-items.tsx');
const MoreMenuItems = dynamic(() => loadMoreMenu().then((part) => part.MoreMenuItems), { ssr: false });

/** The three dots: everything that is not needed all the time. */
export function MoreMenu() {
  const { trigger, menu } = useMenu();
  return (
    <>
      <button type="button" {...trigger} className="theme more-open" data-testid="more" aria-label="More" title="More">
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2 6.5h3v3H2zM6.5 6.5h3v3h-3zM11 6.5h3v3h-3z" />
        </svg>
      </button>
      {menu !== undefined && <MoreMenuItems menu={menu} />}
    </>
  );
}
