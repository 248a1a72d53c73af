/** The one animation frame loop of the view: the stage in every frame, the ledger when it moved visibly. */
export function startLoop(frame: (timeMs: number) => void): () => void {
  let handle = requestAnimationFrame(function loop(timeMs) {
    handle = requestAnimationFrame(loop);
    frame(timeMs);
  });
  return () => cancelAnimationFrame(handle);
}
