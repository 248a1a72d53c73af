/** The colours of the theme as canvases need them; read once per theme. */
export type Palette = {
  ground: string;
  floor: string;
  wing: string;
  line: string;
  text: string;
  text2: string;
  text3: string;
  error: string;
  errorInk: string;
  /** A call of which nobody has decided where it goes. */
  undecided: string;
  /** By slot, 0 is the grey of pods without one. */
  pods: string[];
  dark: boolean;
};

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    ground: read('--ground'),
    floor: read('--floor'),
    wing: read('--wing'),
    line: read('--line'),
    text: read('--text'),
    text2: read('--text-2'),
    text3: read('--text-3'),
    error: read('--error'),
    errorInk: read('--error-ink'),
    undecided: read('--undecided'),
    pods: Array.from({ length: 9 }, (_, slot) => read(`--pod-${slot}`)),
    dark: document.documentElement.dataset.theme !== 'light',
  };
}
