import type { Axis } from './axis.ts';

/** Draws something for an instant. */
export type Painter = (axis: Axis) => void;

/**
 * Canvases are drawn before texts are moved: to write on a canvas the browser needs the styles of the page, and would work
 * them out anew for each canvas after each text that has moved.
 */
export type Layer = 'canvas' | 'texts';

export type TickerPorts = {
  edgeMs(): number;
  windowMs(): number;
  width(): number;
  still(): boolean;
};

/** Movements under this share of a pixel are not drawn: thirty pictures a second on a wide screen. */
const visiblePx = 0.3;

/**
 * One animation frame loop for everything that slides: canvases and the labels that hang on instants. It draws only
 * when the picture moved visibly or something changed, so that an idle tab costs nothing.
 */
export class Ticker {
  private readonly painters = { canvas: new Set<Painter>(), texts: new Set<Painter>() };
  private readonly ports: TickerPorts;
  private frame = 0;
  private drawn: Axis = { edgeMs: 0, windowMs: 0, width: 0 };
  private dirty = true;

  constructor(ports: TickerPorts) {
    this.ports = ports;
  }

  add(painter: Painter, layer: Layer): () => void {
    this.painters[layer].add(painter);
    this.dirty = true;
    return () => this.painters[layer].delete(painter);
  }

  /** Something else than time changed. */
  touch = (): void => {
    this.dirty = true;
  };

  /** The axis as drawn last. */
  get axis(): Axis {
    return this.drawn;
  }

  start(): () => void {
    const loop = () => {
      this.frame = requestAnimationFrame(loop);
      this.step();
    };
    this.frame = requestAnimationFrame(loop);
    return () => cancelAnimationFrame(this.frame);
  }

  /** One frame; for a view that has a loop of its own. */
  step(): void {
    const width = this.ports.width();
    const windowMs = this.ports.windowMs();
    let edgeMs = this.ports.edgeMs();
    if (edgeMs === 0 || width === 0) return;
    // Reduced motion: the picture moves in steps of one second.
    if (this.ports.still()) edgeMs = Math.floor(edgeMs / 1_000) * 1_000;
    const moved = (Math.abs(edgeMs - this.drawn.edgeMs) / windowMs) * width;
    const same = width === this.drawn.width && windowMs === this.drawn.windowMs;
    if (!this.dirty && same && moved < visiblePx) return;
    this.dirty = false;
    this.drawn = { edgeMs, windowMs, width };
    for (const painter of this.painters.canvas) painter(this.drawn);
    for (const painter of this.painters.texts) painter(this.drawn);
  }
}
