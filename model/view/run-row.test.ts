import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { RunInfoSchema } from '../../gen/lbscope/agent/v1/runs_pb.js';
import { fromMs } from '../time.ts';
import { bytesText, runRow } from './run-row.ts';

describe('runRow', () => {
  it('sums the lanes, prefers a person’s name, and says what to know before trusting it', () => {
    const info = create(RunInfoSchema, {
      runId: 'r',
      startedAt: fromMs(1_000),
      lastAt: fromMs(61_000),
      state: 'cut',
      scenario: 'scale-up',
      lanes: [
        { id: 'a', label: 'A', answered: 90, lost: 10 },
        { id: 'b', answered: 5 },
      ],
      gaps: [{ reason: 'the disk is full' }],
      bytes: 25_400_000,
    });
    const row = runRow(info);
    expect(row).toMatchObject({ name: 'scale-up', lanes: 'A, b', calls: 105, lost: 10, size: '25\u202fMB' });
    expect(row.remark).toBe('its agent ended without closing it; a stretch is missing');
    expect(runRow({ ...info, name: 'Mine' }).name).toBe('Mine');
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [9_960, '10 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [2_097_152_000, '2.1 GB'],
  ])('%d is %s', (bytes, text) => expect(bytesText(bytes).replace('\u202f', ' ')).toBe(text));
});
