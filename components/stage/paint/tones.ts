import { type Brushes, brushes } from '../../paint/brushes.ts';
import { css, mix, nearBlack, parseHex, white } from '../../ui/colour.ts';

/** What streams are painted with, beside the brushes of all views. */
export type Tones = {
  brush: Brushes;
  /** By slot: the pod's colour mixed into the ground, so that bright marks and text stay readable on it. */
  body(slot: number): string;
  /** By slot: the marks on such a body. */
  mark(slot: number): string;
  /** Client to Envoy: not yet decided which pod. */
  undecided: string;
  undecidedMark: string;
};

let made: { brush: Brushes; tones: Tones } | undefined;

export function tones(scale: number): Tones {
  const brush = brushes(scale);
  if (made?.brush !== brush) made = { brush, tones: make(brush) };
  return made.tones;
}

function make(brush: Brushes): Tones {
  const { palette } = brush;
  const ground = parseHex(palette.ground);
  const part = palette.dark ? 0.58 : 0.5;
  const bodies = palette.pods.map((hex) => css(mix(ground, parseHex(hex), part)));
  // Dark: towards white; light: the colour itself, deeper.
  const marks = palette.pods.map((hex) =>
    css(palette.dark ? mix(parseHex(hex), white, 0.62) : mix(parseHex(hex), nearBlack, 0.12)),
  );
  const undecided = mix(ground, parseHex(palette.undecided), part);
  return {
    brush,
    body: (slot) => bodies[slot] ?? (bodies[0] as string),
    mark: (slot) => marks[slot] ?? (marks[0] as string),
    undecided: css(undecided),
    undecidedMark: css(mix(parseHex(palette.undecided), palette.dark ? white : nearBlack, palette.dark ? 0.6 : 0.45)),
  };
}
