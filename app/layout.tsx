import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import { themeScript } from '../components/ui/theme.ts';
import './globals.css';

export const metadata: Metadata = {
  title: 'lbscope',
  description: 'Shows which pod answered: the same gRPC traffic through every way to reach a Kubernetes Service, live.',
};

export const viewport: Viewport = { width: 'device-width', initialScale: 1 };

export default function Layout({ children }: { children: ReactNode }) {
  return (
    // The script sets the theme before the first paint, so the attribute may differ from the server's.
    <html lang="en" data-theme="dark" suppressHydrationWarning>
      <head>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own constant, run before the first paint */}
        <script dangerouslySetInnerHTML={{ __html: themeScript }} />
      </head>
      <body>
        {/* What a view looks like depends on the room it has, not on the screen: a drawer may take some of it. */}
        <div className="page">{children}</div>
      </body>
    </html>
  );
}
