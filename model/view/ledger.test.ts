import { describe, expect, it } from 'vitest';
import { toSnapshot } from '../run.ts';
import { even, fourLanes } from '../testkit.ts';
import { ledger, toMarkdown } from './ledger.ts';

function made() {
  const { script, pods } = fourLanes();
  script.frame({ headless: [...even(pods, 4), { uid: 'uid-1', failed: 12, toRemoved: 3 }], kubewatch: even(pods, 4) });
  return { script, book: ledger(toSnapshot(script.run, script.now), new Map()) };
}
const of = (book: ReturnType<typeof ledger>, key: string, lane: string) =>
  book.measures.find((each) => each.key === key)!.cells[book.lanes.findIndex((each) => each.id === lane)]!;

describe('the ledger', () => {
  it('has every measure with a definition, and a value for each lane', () => {
    const { book } = made();
    expect(new Set(book.measures.map((each) => each.key)).size).toBe(book.measures.length);
    for (const measure of book.measures) {
      expect(measure.definition.length).toBeGreaterThan(30);
      expect(measure.cells).toHaveLength(4);
      for (const cell of measure.cells) expect(cell.value).not.toBe('');
    }
  });

  it('shows the sample beside what rests on one', () => {
    const { book } = made();
    expect(of(book, 'jain', 'clusterip')).toMatchObject({ value: '0.333', mark: 'worst' });
    expect(of(book, 'jain', 'clusterip').sample).toMatch(/^n 980, random 0\.99\d$/);
    expect(of(book, 'errors', 'headless')).toMatchObject({ value: '12', mark: 'worst' });
    expect(of(book, 'errors', 'headless').sample).toMatch(/^of 1\u2009\d+, reset 12$/);
    expect(of(book, 'removed', 'headless')).toMatchObject({ value: '3', mark: 'worst' });
  });

  it('marks nobody where all are alike', () => {
    const { book } = made();
    for (const key of ['retries', 'connections', 'p50']) {
      expect(book.measures.find((each) => each.key === key)!.cells.map((cell) => cell.mark)).toEqual(
        Array(4).fill(undefined),
      );
    }
  });
});

describe('as Markdown', () => {
  it('is one table, whatever the names hold', () => {
    const { book } = made();
    const text = toMarkdown('Three | pods\nexist', '2026-03-04', {
      ...book,
      lanes: book.lanes.map((lane, i) => (i === 0 ? { ...lane, label: 'a|b `c`' } : lane)),
    });
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(book.measures.length + 2);
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(book.lanes.length + 3);
    expect(text).toContain('## Three \\| pods exist');
    expect(text).toMatch(/- \*\*kube-watch\*\*: Even: 3 pods/);
    expect(text).not.toMatch(/[\u202f\u00a0\u2009]/);
  });
});
