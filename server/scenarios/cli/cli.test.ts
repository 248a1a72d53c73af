import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { FrameSchema, PodSchema } from '../../../gen/lbscope/events/v1/events_pb.js';
import { ScenarioRunSchema } from '../../../gen/lbscope/events/v1/scenarios_pb.js';
import { fromMs } from '../../../model/time.ts';
import { couldNotRun, type Result } from './follow.ts';
import { parseOptions } from './options.ts';
import { exitStatus } from './outcome.ts';
import { Progress } from './progress.ts';
import { toHtml } from './report/html.ts';
import { toJson } from './report/json.ts';
import { toJunit } from './report/junit.ts';

const at = 1_790_000_000_000;
function result(outcome: string, state = outcome): Result {
  return {
    name: 'a-test',
    run: create(ScenarioRunSchema, {
      state: 'ended',
      outcome,
      startedAt: fromMs(at),
      scenario: {
        title: 'A <test> & more',
        story: 'It is told.',
        shortened: ['lane: least time between two lookups is 5 s here; grpc-go has 30 s'],
        steps: [
          { kind: 'prepare', text: 'Prepare', state: 'done', startedAt: fromMs(at), endedAt: fromMs(at + 100) },
          {
            kind: 'scale',
            text: 'Scale to 5 pods',
            state: 'done',
            startedAt: fromMs(at + 100),
            endedAt: fromMs(at + 1_000),
          },
        ],
        expectations: [{ text: 'lost < 1', state, finding: '0 of 600 calls', because: 'it drains' }],
        questions: [{ text: 'Who?', choices: ['you', 'me'], answered: true, right: [1], finding: 'lane: 1 pod' }],
      },
    }),
    frames: [
      create(FrameSchema, {
        from: fromMs(at + 100),
        to: fromMs(at + 1_000),
        lanes: [
          {
            laneId: 'lane',
            answered: 9,
            failed: [{ errorClass: 'reset', count: 1 }],
            pods: [{ podUid: 'u', answered: 9 }],
          },
        ],
      }),
    ],
    events: [],
    pods: [create(PodSchema, { uid: 'u', handle: 'x2k4p', slot: 3 })],
    lanes: [{ id: 'lane', label: 'Lane <1>', mechanism: 'turns' }],
    tookMs: 1_234,
    runId: 'run-1',
  };
}

describe('exit status', () => {
  it.each([
    [['pass', 'pass'], 0],
    [['pass', 'fail', 'inconclusive'], 1],
    [['pass', 'inconclusive'], 2],
    [['pass', 'aborted'], 2],
    [['pass', 'fail', 'could_not_run'], 3],
    [[], 3],
  ])('%j ends with %i', (outcomes, status) => {
    expect(exitStatus(outcomes.map((outcome) => result(outcome)))).toBe(status);
  });
});

describe('options', () => {
  const parse = (...args: string[]) => parseOptions(args, {});
  it('takes files, or all, or the quick ones', () => {
    expect(parse('a.yaml', 'b.yaml')).toMatchObject({ options: { files: ['a.yaml', 'b.yaml'], all: false } });
    expect(parse('--quick', '--report', 'r.html')).toMatchObject({
      options: { all: true, quick: true, report: 'r.html' },
    });
    expect(parse('--all', '--quick')).toMatchObject({ options: { all: true, quick: false } });
  });
  it.each([
    [[], /no scenario is named/],
    [['--all', 'a.yaml'], /give one or the other/],
    [['a.yaml', '--agent', 'there'], /--agent is "there": allowed is a URL/],
    [['a.yaml', '--agent', 'http://a:1', '--kubeconfig', 'x'], /one or the other/],
    [['a.yaml', '--kubeconfig', 'x', '--dns', 'kube-dns'], /--dns is "kube-dns": allowed is an address and a port/],
    [['a.yaml', '--dns', '10.96.0.10:53'], /--dns without --kubeconfig/],
    [['a.yaml', '--agent', 'http://a:1', '--data-dir', 'x'], /--data-dir beside --agent/],
    [['a.yaml', '--reprt', 'x'], /--reprt is not known; known are --all/],
    [['a.yaml', '--report'], /--report needs a value/],
  ])('%j is refused by name and what is allowed', (args, expected) => {
    const parsed = parse(...args);
    expect(parsed.kind === 'faults' ? parsed.faults.join('\n') : '').toMatch(expected);
  });
});

describe('reports', () => {
  it('JUnit: a failure is one, and what could not be told is an error, never skipped', () => {
    expect(toJunit([result('pass')])).toContain('tests="1" failures="0" errors="0"');
    expect(toJunit([result('fail')])).toContain('<failure message="0 of 600 calls" type="fail"/>');
    expect(toJunit([result('inconclusive')])).toContain('<error message="0 of 600 calls" type="inconclusive"/>');
    expect(toJunit([couldNotRun('gone', 'no "cluster" <here>\u0001')])).toContain(
      'message="no &quot;cluster&quot; &lt;here&gt; "',
    );
    expect(toJunit([result('pass')])).toContain('name="A &lt;test&gt; &amp; more"');
  });
  it('HTML: needs nothing from anywhere, runs no script, escapes what a file says', () => {
    const html = toHtml([result('pass'), couldNotRun('gone', 'no cluster')], new Date(at));
    expect(html).not.toMatch(/<script|https?:\/\/|@import|url\(/);
    expect(html).not.toContain('<test>');
    expect(html).toContain('A &lt;test&gt; &amp; more');
    expect(html).toContain('fill="var(--pod-3)"');
    expect(html).toContain('fill="var(--error)"');
    expect(html).toContain('Shortened: lane: least time between two lookups');
    expect(html).toContain('<b>me</b>');
  });
  it('JSON: the status and each run as the API has it', () => {
    expect(toJson([result('fail')])).toMatchObject({
      status: 1,
      scenarios: [{ name: 'a-test', outcome: 'fail', scenario: { expectations: [{ state: 'fail' }] } }],
    });
  });
  it('progress: each line once; without a terminal no escape codes', () => {
    const print = (isTerminal: boolean) => {
      let text = '';
      const progress = new Progress({
        isTerminal,
        write(more) {
          text += more;
        },
      });
      const ended = result('pass');
      progress.change(ended.run);
      progress.change(ended.run);
      progress.end(ended);
      progress.summary([ended, ended]);
      return text;
    };
    expect(print(false)).not.toContain('\u001b');
    expect(print(false).match(/Scale to 5 pods/g)).toHaveLength(1);
    expect(print(false)).toContain('shortened: lane: least time');
    expect(print(false)).toContain('2 scenarios in 2 s: 2 pass');
    expect(print(true)).toContain('\u001b[32m✓');
  });
});
