import { describe, expect, test } from 'vitest';
import { chiSquaredQuantile, evenTest, sameSpreadTest } from '../../model/statistics/chi-squared.ts';
import { throughTheKernel, whyNot } from './can-run.ts';
import { throughTheLab } from './lab.ts';
import { serviceRules } from './rules.ts';
import { type Counts, draws } from './story.ts';

test('rules are those of kube-proxy: a third, half of the rest, the rest; REJECT without endpoints', () => {
  const endpoints = ['A', 'B', 'C'].map((id, index) => ({ id, ip: `10.0.0.${index + 1}` }));
  const text = serviceRules({ ip: '10.96.0.10', port: 80, endpoints });
  expect(text.match(/--probability \S+/g)).toEqual(['--probability 0.3333333333', '--probability 0.5000000000']);
  expect(text).toContain('-A KUBE-SVC-LBSCOPEGREETER -j KUBE-SEP-C\n');
  expect(text).toContain('-A KUBE-SEP-B -p tcp -m tcp -j DNAT --to-destination 10.0.0.2:80\n');
  expect(text).not.toContain('REJECT');
  expect(serviceRules({ ip: '10.96.0.10', port: 80, endpoints: [] })).toContain('-j REJECT');
});

const reason = whyNot();
/** Six tests; a right lab fails one of them once in 2,000 runs. */
const errorRate = 1 / 12_000;

describe(`the kernel's rules and the lab's ClusterIP${reason === undefined ? '' : `: not run: ${reason}`}`, () => {
  test.skipIf(reason !== undefined)('tell the same story', async () => {
    const kernel = await throughTheKernel();
    const lab = await throughTheLab();
    for (const [side, told] of Object.entries({ kernel, lab })) {
      // What is no chance.
      const { pod } = told.long;
      expect(told.long.answers, side).toEqual({ [pod]: 50 });
      expect(told.longAfterGrowth, side).toEqual({ [pod]: 50 });
      expect(told.longAfterRemoval, side).toEqual({ [pod]: 50 });
      expect(told.withoutEndpoints, side).toBe('refused');
      expect(pods(told.fresh), side).toEqual([1, 2, 3]);
      expect(pods(told.grown), side).toEqual([1, 2, 3, 4]);
      expect(pods(told.shrunk), side).toEqual([1, 2, 3, 4].filter((each) => each !== pod));
    }
    // What is: the two alike, and the lab's even by itself.
    for (const step of ['fresh', 'grown', 'shrunk'] as const) {
      const [a, b] = [counts(kernel[step]), counts(lab[step])];
      expect(a.reduce((x, y) => x + y)).toBe(draws);
      const limit = chiSquaredQuantile(a.length - 1, errorRate);
      expect(sameSpreadTest(a, b).statistic, `${step}: kernel ${a}, lab ${b}`).toBeLessThan(limit);
      expect(evenTest(b).statistic, `${step}: lab ${b}`).toBeLessThan(limit);
    }
  });
});

function pods(of: Counts): number[] {
  return Object.keys(of).map(Number);
}

function counts(of: Counts): number[] {
  return Object.values(of);
}
