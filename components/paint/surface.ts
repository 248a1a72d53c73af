/** A canvas that fits its element at the device's resolution. */
export type Surface = { pen: CanvasRenderingContext2D; width: number; height: number; scale: number };

type Size = { width: number; height: number };

const sizes = new WeakMap<Element, Size>();
const listeners = new Set<() => void>();
let observer: ResizeObserver | undefined;

/** Calls back when a canvas has another size than it was drawn for. */
export function onResized(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * The size of an element, told by the browser after each layout. Asking the element itself while texts have changed would
 * lay out the whole page at once, in the middle of a frame.
 */
export function sizeOf(canvas: HTMLCanvasElement): Size {
  const known = sizes.get(canvas);
  if (known !== undefined) return known;
  observer ??= new ResizeObserver((entries) => {
    for (const { target } of entries) sizes.set(target, { width: target.clientWidth, height: target.clientHeight });
    for (const listener of listeners) listener();
  });
  observer.observe(canvas);
  const size = { width: canvas.clientWidth, height: canvas.clientHeight };
  sizes.set(canvas, size);
  return size;
}

export function surface(canvas: HTMLCanvasElement): Surface | undefined {
  const pen = canvas.getContext('2d');
  const { width, height } = sizeOf(canvas);
  if (pen === null || width === 0 || height === 0) return undefined;
  const scale = window.devicePixelRatio || 1;
  const across = Math.round(width * scale);
  const down = Math.round(height * scale);
  if (canvas.width !== across || canvas.height !== down) {
    canvas.width = across;
    canvas.height = down;
  }
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height, scale };
}
