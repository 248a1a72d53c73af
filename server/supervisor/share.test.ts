import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import type { NetworkInterfaceInfo } from 'node:os';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { links, prepareShare, reachable } from './share.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbscope-share-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('makes new tokens each time, in files that only their owner reads', () => {
  const [one, two] = [prepareShare(join(folder, 'a')), prepareShare(join(folder, 'a'))];
  expect(new Set([one.presenterToken, one.voteToken, two.presenterToken, two.voteToken]).size).toBe(4);
  expect(readFileSync(two.controlTokenFile, 'utf8')).toBe(two.presenterToken);
  expect(readFileSync(two.voteTokenFile, 'utf8')).toBe(two.voteToken);
  expect(statSync(two.controlTokenFile).mode & 0o077).toBe(0);
  expect(one.presenterToken.length).toBeGreaterThanOrEqual(20);
});

it("offers this machine's addresses in private networks first, and none that leads nowhere", () => {
  const at = (address: string, more: Partial<NetworkInterfaceInfo> = {}) =>
    ({ address, family: 'IPv4', internal: false, ...more }) as NetworkInterfaceInfo;
  expect(
    reachable({
      lo: [at('127.0.0.1', { internal: true })],
      eth0: [at('203.0.113.9'), at('fe80::1', { family: 'IPv6' } as Partial<NetworkInterfaceInfo>)],
      wlan0: [at('192.168.1.20'), at('169.254.7.7')],
      none: undefined,
    }),
  ).toEqual(['192.168.1.20', '203.0.113.9']);
});

it('puts tokens in fragments only, and gives viewers the right to vote and no more', () => {
  const share = { ...prepareShare(join(folder, 'b')), addresses: ['192.168.1.20'] };
  const { presenter, viewers } = links(share, 3000);
  expect(presenter).toBe(`http://localhost:3000/#token=${share.presenterToken}`);
  expect(viewers).toEqual([`http://192.168.1.20:3000/#token=${share.voteToken}`]);
  for (const link of [presenter, ...viewers]) expect(new URL(link).search).toBe('');
});
