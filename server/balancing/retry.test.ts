import { describe, expect, it } from 'vitest';
import { Retries, type RetrySpec } from './retry.ts';

const spec: RetrySpec = { maxAttempts: 4, initialBackoffMs: 100, maxBackoffMs: 300, backoffMultiplier: 2, codes: [14] };
const none: ReadonlyMap<string, string> = new Map();
const failure = (more: { code?: number; headers?: ReadonlyMap<string, string>; committed?: boolean } = {}) => ({
  code: 14,
  headers: none,
  committed: false,
  ...more,
});
const pushback = (text: string) => failure({ headers: new Map([['grpc-retry-pushback-ms', text]]) });

describe('a retry policy (gRFC A6)', () => {
  it('waits initialBackoff x multiplier up to maxBackoff, +-20 %, until maxAttempts are spent', () => {
    const waits = (random: number) => {
      const call = new Retries(spec, () => random).begin();
      return [1, 2, 3, 4].map(() => call.next(failure()));
    };
    expect(waits(0.5)).toEqual([100, 200, 300, undefined]);
    expect(waits(0)).toEqual([80, 160, 240, undefined]);
    expect(waits(1).map((ms) => ms && Math.round(ms))).toEqual([120, 240, 360, undefined]);
  });

  it('never more than five attempts, whatever is asked for', () => {
    const call = new Retries({ ...spec, maxAttempts: 9 }, () => 0.5).begin();
    const waits = Array.from({ length: 6 }, () => call.next(failure()));
    expect(waits.filter((ms) => ms !== undefined)).toHaveLength(4);
  });

  it('only the codes it names, and nothing after response headers', () => {
    const call = new Retries(spec, () => 0.5).begin();
    expect(call.next(failure({ code: 13 }))).toBeUndefined();
    expect(call.next(failure({ committed: true }))).toBeUndefined();
    expect(call.next(failure())).toBe(100);
  });

  it('pushback: so many ms and the backoff anew; negative or unreadable: not again', () => {
    const call = new Retries(spec, () => 0.5).begin();
    expect(call.next(failure())).toBe(100);
    expect(call.next(pushback('5000'))).toBe(5000);
    expect(call.next(failure())).toBe(100);
    for (const text of ['-1', 'soon', '', '1.5', '007', '99999999999', '2147483648']) {
      expect(new Retries(spec, () => 0.5).begin().next(pushback(text))).toBeUndefined();
    }
    expect(new Retries(spec, () => 0.5).begin().next(pushback('0'))).toBe(0);
  });

  it('tells the server how many attempts there were before', () => {
    const call = new Retries(spec, () => 0.5).begin();
    expect(call.headers).toBeUndefined();
    call.next(failure());
    expect(call.headers).toEqual({ 'grpc-previous-rpc-attempts': '1' });
    call.next(failure());
    expect(call.headers).toEqual({ 'grpc-previous-rpc-attempts': '2' });
  });
});

describe('the budget (retryThrottling)', () => {
  const withBudget = () => new Retries({ ...spec, budget: { tokens: 10, ratio: 0.5 } }, () => 0.5);

  it('nothing is sent again at half of the tokens or less, until successes win them back', () => {
    const retries = withBudget();
    const outcomes = Array.from({ length: 6 }, () => retries.begin().next(failure()));
    // 9, 8, 7, 6, 5 and 4 tokens: above 5 only.
    expect(outcomes).toEqual([100, 100, 100, 100, undefined, undefined]);
    expect(retries.budgetLeft).toBe(4);
    for (let n = 0; n < 4; n++) retries.begin().onSuccess();
    expect(retries.budgetLeft).toBe(6);
    expect(retries.begin().next(failure())).toBeUndefined();
    for (let n = 0; n < 4; n++) retries.begin().onSuccess();
    expect(retries.begin().next(failure())).toBe(100);
  });

  it('counts what may be tried again and "not again", not other failures; stays between 0 and the most', () => {
    const retries = withBudget();
    retries.begin().next(failure({ code: 3 }));
    retries.begin().onSuccess();
    expect(retries.budgetLeft).toBe(10);
    retries.begin().next(pushback('-1'));
    expect(retries.budgetLeft).toBe(9);
    for (let n = 0; n < 20; n++) retries.begin().next(failure());
    expect(retries.budgetLeft).toBe(0);
  });

  it('without one there is no limit but the attempts', () => {
    const retries = new Retries(spec, () => 0.5);
    for (let n = 0; n < 100; n++) expect(retries.begin().next(failure())).toBe(100);
    expect(retries.budgetLeft).toBeUndefined();
  });
});
