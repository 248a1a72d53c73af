import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { measureNames, measureOf } from '../../../model/scenario/measures.ts';
import { presetsOf } from '../presets.ts';
import { jsonSchema } from './json-schema.ts';
import { readScenario } from './read.ts';

const folder = join(import.meta.dirname, '../../../scenarios');
const presets = presetsOf({
  namespace: 'lbscope',
  service: 'greeter',
  headlessService: 'greeter-headless',
  envoyService: 'greeter-envoy',
  port: 50_051,
});
const read = (text: string) => readScenario(text, 'test', presets);
const faults = (text: string) => {
  const outcome = read(text);
  return outcome.kind === 'plan'
    ? []
    : outcome.faults.map(({ line, column, message }) => `${line}:${column} ${message}`);
};

const whole = `title: A test
story: It is told.
replicas: 3
lanes: [clusterip, kubewatch]
steps:
  - id: calls
    wait: { calls: 100 }
expect:
  - { lane: kubewatch, distribution: even, leastSample: 50 }
`;
/** The whole file with one line changed: its number, from 1. */
const withLine = (number: number, line: string) =>
  whole
    .split('\n')
    .map((each, index) => (index === number - 1 ? line : each))
    .join('\n');

test('the published schema is what the code says (node scripts/run.mjs node server/scenarios/format/write-schema.ts)', () => {
  expect(JSON.parse(readFileSync(join(folder, 'schema.json'), 'utf8'))).toEqual(jsonSchema());
});

test('the docs list every measure', () => {
  const docs = readFileSync(join(folder, '../docs/scenarios.md'), 'utf8');
  for (const name of measureNames)
    expect(docs).toContain(`| \`${name}\` | ${measureOf(name).unit} | ${measureOf(name).meaning} |`);
});

describe('what ships', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  it.each(files)('%s is whole, asks for a prediction and names its schema', (name) => {
    const text = readFileSync(join(folder, name), 'utf8');
    const outcome = read(text);
    expect(outcome.kind === 'faults' ? outcome.faults : []).toEqual([]);
    if (outcome.kind !== 'plan') return;
    expect(outcome.plan.questions.length).toBeGreaterThan(0);
    expect(outcome.plan.expectations.length).toBeGreaterThan(0);
    expect(text).toContain('# yaml-language-server: $schema=schema.json');
  });
});

test('a fault is told once, and a step with a fault is still there for who names it', () => {
  const broken = withLine(7, '    wait: soon').replace('distribution: even', 'distribution: even, during: calls');
  expect(faults(broken)).toEqual([
    '7:11 steps[0].wait is "soon": allowed is a duration such as 500ms, 3s or 2min, at most 30min',
  ]);
  expect(faults(broken.replace('during: calls', 'during: call'))[1]).toMatch(
    /^9:.* expect\[0\].during is "call": allowed is the id of a step: calls$/,
  );
});

describe('a whole file', () => {
  it('has windows by number of the step, the preparation being 0', () => {
    const outcome = read(whole);
    expect(outcome.kind === 'plan' && outcome.plan).toMatchObject({
      steps: [{ act: { kind: 'prepare' } }, { id: 'calls', act: { kind: 'waitUntil', atMostMs: 30_000 } }],
      expectations: [{ kind: 'distribution', lane: 'kubewatch', fromStep: 1, toStep: 1, errorRate: 1e-4 }],
    });
  });
  it('may change fields of a preset, and the API’s own rules hold for them', () => {
    const pinned = read(withLine(4, 'lanes: [clusterip, { id: kubewatch, like: headless, policy: pick_first }]'));
    expect(pinned.kind === 'plan' && pinned.plan.lanes[1]).toMatchObject({
      id: 'kubewatch',
      label: 'kubewatch',
      resolver: 'dns',
      policy: 'pick_first',
      profile: 'grpc-go',
    });
    expect(faults(withLine(4, 'lanes: [clusterip, { id: kubewatch, like: headless, policy: best }]'))).toEqual([
      expect.stringMatching(/^4:61 lanes\[1\]\.policy is "best": allowed is one of pick_first, round_robin/),
    ]);
  });
  it('says what is shortened, and by how much', () => {
    const outcome = read(
      withLine(4, 'lanes: [clusterip, { id: kubewatch, like: headless, resolutionFloorSeconds: 5 }]'),
    );
    expect(outcome.kind === 'plan' && outcome.plan.shortened).toEqual([
      'kubewatch: least time between two lookups is 5 s here; grpc-go has 30 s',
    ]);
  });
  it('knows what it needs', () => {
    const outcome = read(withLine(7, '    dns: nxdomain'));
    expect(outcome.kind === 'plan' && outcome.plan.needs).toEqual(['lab']);
  });
});

describe('a fault names place and what is allowed', () => {
  it.each([
    ['not YAML', 'title: [', /^1:9 /],
    ['a key that stands twice', `${whole}title: again\n`, /^10:1 Map keys must be unique/],
    ['nothing', '', /^1:1 the file is null: allowed is a mapping with title/],
    ['an alias within its own value', '&a [*a]', /^1:1 An alias stands within the value that it stands for/],
    [
      'the same, deep inside',
      withLine(7, '    wait: &a { calls: [*a] }'),
      /^1:1 An alias stands within the value that it stands for/,
    ],
    [
      'a key beside a verb',
      withLine(7, '    { wait: 3s, of: 5 }').replace('  - id: calls\n    {', '  - { id: calls,'),
      /^6:\d+ steps\[0\]\.of is not known: allowed are id, wait$/,
    ],
    ['no title', withLine(1, '# none'), /^2:1 title is missing: allowed is a text of 1 to 80 characters/],
    [
      'a number that is none',
      withLine(3, 'replicas: three'),
      /^3:11 replicas is "three": allowed is a whole number from 0 to 200/,
    ],
    ['out of range', withLine(3, 'replicas: 201'), /^3:11 replicas is 201: allowed is a whole number from 0 to 200/],
    ['an unknown key', withLine(2, 'story: x\nstorey: x'), /^3:1 storey is not known: allowed are title, story/],
    [
      'an unknown preset',
      withLine(4, 'lanes: [clusterip, kubwatch]'),
      /^4:20 lanes\[1\] is "kubwatch": allowed is a preset: clusterip, headless, kubewatch/,
    ],
    [
      'an unknown verb',
      withLine(7, '    await: 3s'),
      /^7:5 steps\[0\]\.await is not known: allowed is one of wait, scale/,
    ],
    [
      'two verbs',
      withLine(7, '    { wait: 3s, scale: 5 }').replace('  - id: calls\n    {', '  - { id: calls,'),
      /^6:\d+ steps\[0\] has wait and scale: allowed is one of them/,
    ],
    [
      'a wrong duration',
      withLine(7, '    wait: 3 seconds'),
      /^7:11 steps\[0\]\.wait is "3 seconds": allowed is a duration such as/,
    ],
    [
      'a wrong condition',
      withLine(7, '    wait: { cals: 5 }'),
      /^7:13 steps\[0\]\.wait\.cals is not known: allowed are calls, podsReady/,
    ],
    ['waiting for nothing', withLine(7, '    wait: { atMost: 3s }'), /^7:11 steps\[0\]\.wait waits for nothing/],
    [
      'a lane of another file',
      withLine(9, '  - { lane: envoy, distribution: even, leastSample: 50 }'),
      /^9:13 expect\[0\]\.lane is "envoy": allowed is a lane of this file: clusterip, kubewatch/,
    ],
    [
      'an unknown measure',
      withLine(9, '  - { lane: kubewatch, measure: luck, equals: 0 }'),
      /^9:33 expect\[0\]\.measure is "luck": allowed is one of issued, answered, lost/,
    ],
    [
      'a measure without a bound',
      withLine(9, '  - { lane: kubewatch, measure: lost, leastSample: 1 }'),
      /^9:5 expect\[0\] has no bound/,
    ],
    [
      'calls without a least sample',
      withLine(9, '  - { lane: kubewatch, measure: lost, equals: 0 }'),
      /^9:5 expect\[0\]\.leastSample is missing/,
    ],
    [
      'a bare percentage for a distribution',
      withLine(9, '  - { lane: kubewatch, distribution: even, atLeast: 0.3, leastSample: 50 }'),
      /^9:44 expect\[0\]\.atLeast is 0\.3: allowed is nothing, as even is a statistical test/,
    ],
    [
      'an unknown step',
      withLine(9, '  - { lane: kubewatch, distribution: even, leastSample: 50, during: cals }'),
      /^9:69 expect\[0\]\.during is "cals": allowed is the id of a step: calls/,
    ],
    [
      'a pod that nobody named',
      withLine(7, '    crashPod: { pod: { named: it } }'),
      /^7:31 steps\[0\]\.crashPod\.pod\.named is "it": allowed is a name that an earlier step gives/,
    ],
    [
      'traffic that the API refuses',
      withLine(7, '    traffic: { ratePerSecond: 5, concurrency: 5 }'),
      /^7:31 steps\[0\]\.traffic\.ratePerSecond is 5 and concurrency is 5/,
    ],
  ])('%s', (_, text, expected) => {
    expect(faults(text)[0]).toMatch(expected);
  });

  it('all faults at once, in the order of the file', () => {
    const text = withLine(3, 'replicas: -1').replace('calls: 100', 'calls: 0').replace('even', 'fair');
    expect(faults(text).map((fault) => fault.split(':')[0])).toEqual(['3', '7', '9']);
  });

  it('no steps is one fault, not one of each window as well', () => {
    const text = whole.replace(/steps:[\s\S]*expect:/, 'steps: []\nexpect:');
    expect(faults(text)).toEqual([expect.stringMatching(/^5:8 steps is \[\]: allowed is a list of 1 to 60/)]);
  });

  it('a choice that nothing decides', () => {
    const ask = (decides: string, choices: string) =>
      withLine(7, `    ask: { question: Who?, choices: [${choices}], decides: ${decides} }`);
    expect(faults(ask('{ measure: lost }', '{ text: a }, { text: b }'))[0]).toMatch(/needs either lane .* or which/);
    expect(faults(ask('{ measure: lost, lane: kubewatch }', '{ text: a }, { text: b, equals: 1 }'))[0]).toMatch(
      /choices\[0\] decides nothing/,
    );
    expect(faults(ask('{ measure: lost, which: least }', '{ text: a, lane: kubewatch }, { text: b }'))[0]).toMatch(
      /name fewer than two lanes/,
    );
  });
});
