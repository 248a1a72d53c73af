import { describe, expect, it } from 'vitest';
import { keepVote, voterOf, votesOf } from './voter.ts';

function storage(kept: Record<string, string> = {}) {
  const held = new Map(Object.entries(kept));
  return {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, text: string) => void held.set(key, text),
  };
}

describe('a voter', () => {
  it('is one per browser', () => {
    const kept = storage();
    const name = voterOf(kept, () => 'made-up-1');
    expect([name, voterOf(kept, () => 'made-up-2')]).toEqual(['made-up-1', 'made-up-1']);
  });
  it('that the agent would refuse is made anew', () => {
    expect(voterOf(storage({ 'lbscope.voter': 'two words' }), () => 'made-up-1')).toBe('made-up-1');
  });
  it('can vote without storage', () => {
    expect(voterOf(undefined, () => 'made-up-1')).toBe('made-up-1');
    expect(() => keepVote(undefined, 'run', 0, 1)).not.toThrow();
  });
});

describe('its votes', () => {
  it('are those of one run; a later one replaces', () => {
    const kept = storage();
    keepVote(kept, 'a', 0, 1);
    keepVote(kept, 'a', 1, 0);
    keepVote(kept, 'a', 0, 2);
    expect(votesOf(kept, 'a')).toEqual({ 0: 2, 1: 0 });
    expect(votesOf(kept, 'b')).toEqual({});
    keepVote(kept, 'b', 0, 0);
    expect(votesOf(kept, 'a')).toEqual({});
  });
  it.each(['', '[]', 'null', '{"runId":"a"}', '{'])('%j in storage is nothing', (text) => {
    expect(votesOf(storage({ 'lbscope.votes': text }), 'a')).toEqual({});
  });
});
