import type { Scene } from './scene.ts';

/** From this many pods on, rows; up to it every pod has its colour. */
export const mostFigures = 8;
const colours = 8;
/** Twice the fair share is doubled. */
const doubled = 1.9;

/**
 * With many pods colour goes to those in the story, eight at most: pinned or doubled, lost or leaving, new (as one
 * group), pointed at; the rest is grey. A pod keeps the colour that the run gave it wherever it has one. By UID; 0: grey.
 */
export function storyColours(scene: Scene, pointedAt?: string): Map<string, number> {
  if (scene.pods.length <= mostFigures) return new Map(scene.pods.map((pod) => [pod.uid, pod.slot]));
  const fair = 1 / Math.max(1, scene.ready);
  const inStory = scene.pods.filter(
    (pod) =>
      pod.uid === pointedAt ||
      pod.state === 'crashed' ||
      pod.state === 'leaving' ||
      scene.lanes.some((lane) => (lane.corners.get(pod.uid)?.share ?? 0) >= doubled * fair),
  );
  const fresh = scene.pods.filter((pod) => pod.fresh && !inStory.includes(pod));
  const slots = new Map(scene.pods.map((pod) => [pod.uid, 0]));
  const taken = new Set<number>();
  const give = (uids: readonly string[], own: number) => {
    const free = own > 0 && !taken.has(own) ? own : [1, 2, 3, 4, 5, 6, 7, 8].find((slot) => !taken.has(slot));
    if (free === undefined) return;
    taken.add(free);
    for (const uid of uids) slots.set(uid, free);
  };
  const room = fresh.length > 0 ? colours - 1 : colours;
  for (const pod of inStory.slice(0, room)) give([pod.uid], pod.slot);
  // The new ones are one group: purple, as on a stage of five, where it is free.
  if (fresh.length > 0)
    give(
      fresh.map((pod) => pod.uid),
      4,
    );
  return slots;
}
