const key = 'lbscope.guide';
const asked = 'lbscope:guide';

export function isSeen(): boolean {
  try {
    return localStorage.getItem(key) === 'seen';
  } catch {
    // A browser that keeps nothing would be shown it each time.
    return true;
  }
}

export function setSeen(): void {
  try {
    localStorage.setItem(key, 'seen');
  } catch {
    // See above.
  }
}

/** Shows the guide again. */
export function openGuide(): void {
  window.dispatchEvent(new CustomEvent(asked));
}

export function onGuide(listener: () => unknown): () => void {
  const on = () => void listener();
  window.addEventListener(asked, on);
  return () => window.removeEventListener(asked, on);
}
