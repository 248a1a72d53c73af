/** A canvas that fits its element at the device's resolution. */
export type Surface = { pen: CanvasRenderingContext2D; width: number; height: number; scale: number };

export function surface(canvas: HTMLCanvasElement): Surface | undefined {
  const pen = canvas.getContext('2d');
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
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
