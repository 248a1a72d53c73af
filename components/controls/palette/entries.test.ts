import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { DeploymentSchema } from '../../../gen/lbscope/events/v1/events_pb.js';
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
  snapshot.deployment = create(DeploymentSchema, { name: 'greeter', replicas: 3 });
  const label = (id: string) => snapshot.lanes.find((lane) => lane.id === id)?.label ?? '';
  const screen = { frozen: false, presenting: false, picked, recorded: false };
  return { snapshot, label, asked, actions: named<never>(), page: named<PageCommands>(), screen };
}

describe('palette', () => {
  it('lists each thing once, and does what it says', () => {
    const { snapshot, label, asked, actions, page, screen } = world();
    const entries = paletteEntries(snapshot, actions, page, screen);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    const pod = snapshot.pods[0];
    for (const [name, call] of [
      ['Scale to 8 pods', 'scale [8]'],
      [`Delete now ${pod?.handle}`, `deletePod ["${pod?.uid}",0]`],
      [`Hide ${label('headless')}`, 'lanes [["clusterip","kubewatch","envoy"]]'],
      ['Add HAProxy', 'addPreset ["haproxy"]'],
      ['Add An address you give', 'panel ["lanes"]'],
      ['Protobuf against JSON', 'panel ["encoding"]'],
      ['Recorded runs', 'go ["/runs"]'],
    ]) {
      entries.find((entry) => entry.name === name)?.run();
      expect(asked.at(-1), name).toBe(call);
    }
  });

  it('offers what is hidden to be shown, and the last lane never to be hidden', () => {
    const { snapshot, label, actions, page, screen } = world(['envoy']);
    const names = paletteEntries(snapshot, actions, page, screen).map(({ name }) => name);
    expect(names).toContain(`Show ${label('clusterip')}`);
    expect(names).not.toContain(`Hide ${label('envoy')}`);
  });

  it('offers a viewer only what changes their own screen', () => {
    const { snapshot, page, screen } = world();
    const groups = new Set(paletteEntries(snapshot, undefined, page, screen).map(({ group }) => group));
    expect([...groups]).toEqual(['View', 'Lanes', 'Runs']);
  });
});
