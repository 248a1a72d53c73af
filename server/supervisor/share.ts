import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';

/** What sharing needs: the dashboard on every address, tokens for those who may do more than look, and the names that others use. */
export interface Share {
  readonly presenterToken: string;
  readonly voteToken: string;
  /** Files that hold them, for the agent; nobody else of this machine may read them. */
  readonly controlTokenFile: string;
  readonly voteTokenFile: string;
  /** This machine's addresses beyond loopback, and its name: what viewers type, and what requests may name as Host. */
  readonly addresses: readonly string[];
  readonly name: string;
}

/** 128 bits, in letters that survive being typed and put into a URL. */
const makeToken = (): string => randomBytes(16).toString('base64url');

/** New tokens at each start: a link of yesterday's workshop opens nothing today. */
export function prepareShare(folder: string): Share {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const share = {
    presenterToken: makeToken(),
    voteToken: makeToken(),
    controlTokenFile: join(folder, 'control'),
    voteTokenFile: join(folder, 'vote'),
    addresses: reachable(networkInterfaces()),
    name: hostname().toLowerCase(),
  };
  writeFileSync(share.controlTokenFile, share.presenterToken, { mode: 0o600 });
  writeFileSync(share.voteTokenFile, share.voteToken, { mode: 0o600 });
  return share;
}

/**
 * IPv4 addresses that another machine may reach, those of private networks first: that is where a workshop's room is.
 * Link-local ones (169.254/16) lead nowhere.
 */
export function reachable(interfaces: ReturnType<typeof networkInterfaces>): string[] {
  const found = Object.values(interfaces)
    .flatMap((each) => each ?? [])
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
    .map(({ address }) => address);
  const isPrivate = (address: string) => /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address);
  return [...found.filter(isPrivate), ...found.filter((address) => !isPrivate(address))];
}

/** The token travels in the fragment: it is not sent to a server with the page, and stands in no log. */
export function links(share: Share, port: number): { presenter: string; viewers: string[] } {
  return {
    presenter: `http://localhost:${port}/#token=${share.presenterToken}`,
    viewers: share.addresses.map((address) => `http://${address}:${port}/#token=${share.voteToken}`),
  };
}
