import type { Point } from './place.ts';

export type Caption = { key: string; text: string; at(): Point | undefined };

/** The first of these that can be seen, and a place in it from 0 to 1. */
function on(selector: string, across: number, down: number): () => Point | undefined {
  return () => {
    for (const element of document.querySelectorAll(selector)) {
      const box = element.getBoundingClientRect();
      const hidden = getComputedStyle(element).visibility === 'hidden';
      if (hidden || box.width === 0 || box.bottom < 0 || box.top > window.innerHeight) continue;
      const [x, y] = [box.left + box.width * across, box.top + box.height * down];
      if (x > 0 && x < window.innerWidth && y > 0 && y < window.innerHeight) return { x, y };
    }
    return undefined;
  };
}

/** The stream that comes in to the first share. */
function stream(): Point | undefined {
  const corners = [...document.querySelectorAll('.corner-far[data-state="used"], .corner-near[data-state="used"]')];
  const corner = (corners.find((each) => each.matches('.corner-far')) ?? corners[0])?.getBoundingClientRect();
  if (corner === undefined) return undefined;
  const turned = document.querySelector('.stage')?.getAttribute('data-turned') === 'true';
  const [middle, centre] = [corner.left + corner.width / 2, corner.top + corner.height / 2];
  return turned ? { x: middle, y: corner.bottom + 26 } : { x: corner.right + 48, y: centre };
}

const controls: Caption = {
  key: 'controls',
  text: 'Underlined words are controls: change what is sent, or how many pods there are, and watch.',
  at: on('.sentence, .replicas', 0.5, 1),
};

/** What a picture says that is not known yet: few sentences, in the order in which one looks. */
export const captions: Record<'stage' | 'timeline', readonly Caption[]> = {
  stage: [
    {
      key: 'client',
      text: 'Each corner is a client that reaches the same Service in its own way. All send the same calls at the same moment.',
      at: on('.caption-client, .caption-words', 0.5, 1),
    },
    { key: 'stream', text: 'A stream is as wide as its calls per second. Each dash is a call.', at: stream },
    {
      key: 'pods',
      text: 'The pods, drawn once: what really exists. A number is the share that one client gives to this pod.',
      at: on('.figure-core', 0.5, 1),
    },
    {
      key: 'ledger',
      text: 'The same over time. When the pods change, a line runs through all paths, and you see how long each took to notice.',
      at: on('.book-band', 0.6, 0.5),
    },
    controls,
  ],
  timeline: [
    {
      key: 'band',
      text: 'Each colour is one pod. A stripe’s height is its share of the calls.',
      at: on('.lane-canvas', 0.15, 0.6),
    },
    {
      key: 'line',
      text: 'This line is the moment when the pods changed, on every lane.',
      at: on('.event-line', 0.5, 0.55),
    },
    {
      key: 'bracket',
      text: 'This is how long the path took until it called a new pod.',
      at: on('.bracket:not([data-show="none"]) .bracket-label', 0.5, 1),
    },
    {
      key: 'now',
      text: 'Right of this edge is now: who answers, and which pods this client knows.',
      at: on('.lane-now .row, .lane-now', 0.1, 0.5),
    },
    controls,
  ],
};
