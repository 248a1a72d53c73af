/** The theme: what the URL says, else what was chosen last, else what the system prefers. */
export type Theme = 'dark' | 'light';

const key = 'lbscope.theme';

/** Runs in the page's head, before anything is painted. */
export const themeScript = `(function(){var t=new URLSearchParams(location.search).get('theme');try{t=t||localStorage.getItem('${key}')}catch(e){}
if(t!=='dark'&&t!=='light')t=matchMedia('(prefers-color-scheme: light)').matches?'light':'dark';document.documentElement.dataset.theme=t})()`;

export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === 'light' ? 'light' : 'dark';
}

/** Tells by an event, as canvases must repaint. */
export function setTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(key, theme);
  } catch {
    // A browser that keeps nothing still shows the theme.
  }
  setUrlParameter('theme', theme);
  window.dispatchEvent(new CustomEvent('lbscope:theme'));
}

/** The URL remembers what is shown, without a navigation. */
export function setUrlParameter(name: string, value: string | undefined): void {
  const url = new URL(window.location.href);
  if (value === undefined) url.searchParams.delete(name);
  else url.searchParams.set(name, value);
  window.history.replaceState(window.history.state, '', url);
  window.dispatchEvent(new CustomEvent('lbscope:url'));
}
