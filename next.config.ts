import type { NextConfig } from 'next';

/**
 * The dashboard is a shell and one streaming route; it holds no state of its own.
 * Scripts and styles go out compressed, for phones in a room; the streams of `/rpc` say `no-transform` and stay as they
 * are, as what compresses buffers, and they must arrive piece by piece.
 */
const config: NextConfig = {
  output: 'standalone',
  compress: true,
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
  // An image built twice from one commit holds the same files.
  generateBuildId: () => process.env.LBSCOPE_BUILD_ID ?? null,
  // Types are one of the checks of `npm run check`; a build must not need the development tools.
  // Next rewrites the tsconfig that it is given, so it has one of its own.
  typescript: { ignoreBuildErrors: true, tsconfigPath: 'app/tsconfig.json' },
};

export default config;
