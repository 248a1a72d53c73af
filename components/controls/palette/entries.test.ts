import { describe, expect, it } from 'vitest';
import { toSnapshot } from '../../../model/run.ts';
import { even, fourLanes } from '../../../model/testkit.ts';
import { type PageCommands, paletteEntries } from './entries.ts';

function world(picked?: readonly string[]) {
  const { script, pods } = fourLanes();
  script.traffic(3, { headless: even(pods) });
  const asked: string[] = [];
  const say =
    (name: string) =>
    (...args: unknown[]) => {
      asked.push(`${name} ${JSON.stringify(args)}`);
      return Promise.resolve({ ok: true as const });
    };
  const named = <T extends object>() => new Proxy({} as T, { get: (_, name) => say(String(name)) });
  const snapshot = toSnapshot(script.run, script.run.clock);
  const screen = { frozen: false, presenting: false, picked, recorded: false };
  return { snapshot, asked, actions: named<never>(), page: named<PageCommands>(), screen };
}

describe('palette', () => {
  it('lists each thing once, and does what it says', () => {
    const { snapshot, asked, actions, page, screen } = world();
    const entries = paletteEntries(snapshot, actions, page, screen);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    const pod = snapshot.pods[0];
    for (const [name, call] of [
      ['Scale to 8 pods', 'scale [8]'],
      [`Delete now ${pod?.handle}`, `deletePod ["${pod?.uid}",0]`],
      ['Hide Headless DNS', 'lanes [["clusterip","kubewatch","envoy"]]'],
      ['Add HAProxy', 'addPreset ["haproxy"]'],
      ['Add An address you give', 'panel ["lanes"]'],
      ['Recorded runs', 'go ["/runs"]'],
    ]) {
      entries.find((entry) => entry.name === name)?.run();
      expect(asked.at(-1), name).toBe(call);
    }
  });

  it('offers what is hidden to be shown, and the last lane never to be hidden', () => {
    const { snapshot, actions, page, screen } = world(['envoy']);
    const names = paletteEntries(snapshot, actions, page, screen).map(({ name }) => name);
    expect(names).toContain('Show ClusterIP');
    expect(names).not.toContain('Hide Envoy');
  });

  it('offers a viewer only what changes their own screen', () => {
    const { snapshot, page, screen } = world();
    const groups = new Set(paletteEntries(snapshot, undefined, page, screen).map(({ group }) => group));
    expect([...groups]).toEqual(['View', 'Lanes', 'Runs']);
  });
});
