import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { portSuite } from '../testing/port-suite.ts';
import { createConnectNodeTransport } from './index.ts';

portSuite('connect-node transport', createConnectNodeTransport);

describe('connect-node transport', () => {
  // connect-es 1768. The second run shows that the first proves something; when it fails, connect-node has mended it.
  it.each([
    ['ours', /^uncaught 0 of 30$/],
    // Whether one of them meets the crash is a matter of timing; nearly all do.
    ['theirs', /^uncaught ([1-9]|[12]\d|30) of 30$/],
  ])('a GOAWAY on an idle session, session manager %s: %s', (whose, said) => {
    const script = new URL('./testing/idle-goaway.ts', import.meta.url).pathname;
    const child = spawnSync(process.execPath, [script, whose, '30'], { encoding: 'utf8', timeout: 15_000 });
    expect(child.stderr).not.toContain('ConnectError');
    expect(child.stdout.trim()).toMatch(said);
  });
});
