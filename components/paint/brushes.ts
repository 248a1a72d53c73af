import { css, inkOn, parseHex } from '../ui/colour.ts';
import { patternTile } from '../ui/pattern.ts';
import { type Palette, readPalette } from './palette.ts';

/** What canvases paint with; made once per theme and resolution. */
export type Brushes = {
  palette: Palette;
  /** By slot. */
  pod(slot: number): CanvasPattern | string;
  ink(slot: number): string;
  hatch: CanvasPattern | string;
  /** Quieter: a time that is spent waiting. */
  wait: CanvasPattern | string;
  field: CanvasPattern | string;
};

/** What is not of the story that is pointed at steps back to this. */
export const dim = 0.24;

let made: { key: string; brushes: Brushes } | undefined;

export function brushes(scale: number): Brushes {
  const key = `${document.documentElement.dataset.theme}@${scale}`;
  if (made?.key !== key) made = { key, brushes: make(scale) };
  return made.brushes;
}

function make(scale: number): Brushes {
  const palette = readPalette();
  const pods = palette.pods.map((hex, slot) => pattern(patternTile(slot, hex, palette.dark, scale), scale) ?? hex);
  const inks = palette.pods.map((hex) => css(inkOn(parseHex(hex))));
  return {
    palette,
    pod: (slot) => pods[slot] ?? pods[0] ?? palette.text3,
    ink: (slot) => inks[slot] ?? palette.ground,
    hatch: pattern(lines(7, scale, palette.text, palette.ground, 1.7, false), scale) ?? palette.text2,
    wait: pattern(lines(7, scale, palette.text3, palette.ground, 1.7, false), scale) ?? palette.text3,
    field: pattern(lines(6, scale, palette.error, palette.ground, 1.5, true), scale) ?? palette.error,
  };
}

function pattern(tile: HTMLCanvasElement, scale: number): CanvasPattern | undefined {
  const made = tile.getContext('2d')?.createPattern(tile, 'repeat') ?? undefined;
  made?.setTransform(new DOMMatrix().scale(1 / scale));
  return made;
}

/** Diagonal lines, or both diagonals for a field where nothing is answered. */
function lines(size: number, scale: number, ink: string, ground: string, width: number, crossed: boolean) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = Math.round(size * scale);
  const pen = canvas.getContext('2d');
  if (pen === null) return canvas;
  pen.scale(canvas.width / size, canvas.height / size);
  pen.fillStyle = ground;
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = ink;
  pen.lineWidth = width;
  const rising = `M-1 ${size + 1} L${size + 1} -1 M-1 1 L1 -1 M${size - 1} ${size + 1} L${size + 1} ${size - 1}`;
  pen.stroke(new Path2D(rising));
  if (crossed) {
    pen.stroke(
      new Path2D(`M-1 -1 L${size + 1} ${size + 1} M-1 ${size - 1} L1 ${size + 1} M${size - 1} -1 L${size + 1} 1`),
    );
  }
  return canvas;
}
