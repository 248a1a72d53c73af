/** The room that a view has: the screen, less what a drawer takes. The same as the container that style sheets ask. */
export function pageWidth(): number {
  return document.querySelector('.page')?.clientWidth ?? window.innerWidth;
}
