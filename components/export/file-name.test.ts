import { describe, expect, it } from 'vitest';
import { fileName } from './file-name.ts';

describe('file names', () => {
  it('name the run, the instant and what it is', () => {
    expect(fileName('3f2a91bc-77', Date.parse('2026-03-04T10:00:00.512Z'), 'stage', 'png')).toBe(
      'lbscope-3f2a91bc-2026-03-04T10-00-00.5Z-stage.png',
    );
  });

  it('hold nothing that a file system refuses', () => {
    expect(fileName('../a:b', 0, 'numbers', 'csv')).toMatch(/^[\w.-]+$/);
  });
});
