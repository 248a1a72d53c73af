import { css, mix, nearBlack, parseHex, white } from './colour.ts';

/** Second encoding of a pod beside its colour: a tile of lines or dots, 8 units wide. One per slot. */
type Mark = { d: string; width: number } | { dots: readonly (readonly [number, number])[]; radius: number };

const tile = 8;

const marks: readonly (Mark | undefined)[] = [
  undefined,
  undefined,
  { d: 'M-2 10 L10 -2 M-2 2 L2 -2 M6 10 L10 6', width: 1.7 },
  {
    dots: [
      [2, 2],
      [6, 6],
    ],
    radius: 1.15,
  },
  { d: 'M0 2 H8 M0 6 H8', width: 1.2 },
  { d: 'M-2 -2 L10 10 M-2 6 L2 10 M6 -2 L10 2', width: 1.7 },
  { d: 'M2 0 V8 M6 0 V8', width: 1.2 },
  { d: 'M0 4 H8 M4 0 V8', width: 1.2 },
  { d: 'M0 3 L2 1 L4 3 L6 1 L8 3 M0 7 L2 5 L4 7 L6 5 L8 7', width: 1.1 },
];

export function patternMark(slot: number): Mark | undefined {
  return marks[slot];
}

/** The colour of the lines: the pod's own, mixed a third towards black or white. */
export function markColour(hex: string, dark: boolean): string {
  return css(mix(parseHex(hex), dark ? nearBlack : white, 0.34));
}

/** A tile for a canvas, drawn once at the device's resolution. */
export function patternTile(slot: number, hex: string, dark: boolean, scale: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  const size = Math.round(tile * scale);
  canvas.width = size;
  canvas.height = size;
  const pen = canvas.getContext('2d');
  if (pen === null) return canvas;
  pen.fillStyle = hex;
  pen.fillRect(0, 0, size, size);
  const mark = patternMark(slot);
  if (mark === undefined) return canvas;
  pen.scale(size / tile, size / tile);
  pen.fillStyle = pen.strokeStyle = markColour(hex, dark);
  if ('dots' in mark) {
    for (const [x, y] of mark.dots) {
      pen.beginPath();
      pen.arc(x, y, mark.radius, 0, 2 * Math.PI);
      pen.fill();
    }
  } else {
    pen.lineWidth = mark.width;
    pen.stroke(new Path2D(mark.d));
  }
  return canvas;
}

/** The same tile as a CSS background, for swatches and bars in the DOM. */
export function patternUrl(slot: number, hex: string, dark: boolean): string {
  const mark = patternMark(slot);
  if (mark === undefined) return 'none';
  const colour = markColour(hex, dark);
  const body =
    'dots' in mark
      ? mark.dots.map(([x, y]) => `<circle cx='${x}' cy='${y}' r='${mark.radius}' fill='${colour}'/>`).join('')
      : `<path d='${mark.d}' stroke='${colour}' stroke-width='${mark.width}' fill='none'/>`;
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' width='${tile}' height='${tile}' viewBox='0 0 ${tile} ${tile}'>${body}</svg>`;
  return `url("data:image/svg+xml,${encodeURIComponent(svg)}")`;
}
