/** What the dashboard draws, derived from a run: plain functions, no drawing, no clock. Times are agent milliseconds. */
export { type BandBin, bandBins, type Tear, tears } from './view-band.ts';
export { type BeliefStrip, type BeliefWords, beliefStrip, beliefWords, type PodRow, podRows } from './view-belief.ts';
export {
  type Bracket,
  brackets,
  type EventFlag,
  eventFlags,
  type PodLifeline,
  podLifelines,
  type Station,
} from './view-causes.ts';
export { type LaneScorecard, type Mark, type ScoreEntry, type ScoreName, scorecard } from './view-score.ts';
