/** The room that a view has: the screen, less what a drawer takes. The same as the container that style sheets ask. */
export function pageWidth(): number {
  return document.querySelector('.page')?.clientWidth ?? window.innerWidth;
}

/** Calls back when the room is another one. */
export function watchPage(listener: () => void): () => void {
  const page = document.querySelector('.page');
  if (page === null) return () => {};
  const observer = new ResizeObserver(listener);
  observer.observe(page);
  return () => observer.disconnect();
}
