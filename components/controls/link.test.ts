import { describe, expect, it } from 'vitest';
import { linkTo } from './link.ts';

const shown = { runId: 'run-1', nowMs: Date.parse('2026-03-04T10:00:00.5Z'), theme: 'light' };

describe('a copied link', () => {
  it('names view, lanes, theme and moment, and never the token', () => {
    const link = new URL(linkTo('http://h:3000/?view=timeline&lanes=envoy,headless#token=secret', shown));
    expect(Object.fromEntries(link.searchParams)).toEqual({
      view: 'timeline',
      lanes: 'envoy,headless',
      theme: 'light',
      at: '2026-03-04T10:00:00.500Z',
      run: 'run-1',
    });
    expect(link.href).not.toContain('secret');
  });

  it('keeps a moment or a stretch that the page names already, and never presents to who opens it', () => {
    const at = new URL(linkTo('http://h/?at=2026-03-04T09:00:00Z&run=run-0&present=1&frozen', shown));
    expect(at.searchParams.get('at')).toBe('2026-03-04T09:00:00Z');
    expect(at.searchParams.get('run')).toBe('run-0');
    expect(at.searchParams.has('present')).toBe(false);
    expect(at.searchParams.has('frozen')).toBe(false);
    expect(linkTo('http://h/?from=a&to=b', shown)).not.toContain('run-1');
  });
});
