import { scoreSince } from '../../../model/score.ts';
import type { Run } from '../../../model/state.ts';
import type { PodChoice } from '../format/plan.ts';
import type { Record as Recorded } from './record.ts';

export type Choice =
  | { readonly kind: 'pod'; readonly uid: string; readonly name: string }
  | { readonly kind: 'none'; readonly why: string };

/** The last seconds that say which pod a lane uses now. */
const recentMs = 3_000;

/** Chosen among pods that are ready and not ending, in order of appearance; a named one may be any that still exists. */
export function choosePod(choice: PodChoice, run: Run, recorded: Recorded): Choice {
  if (choice.kind === 'named') {
    const uid = recorded.uidOf(choice.name);
    const known = uid === undefined ? undefined : run.pods.get(uid);
    if (known === undefined || known.goneAt !== undefined) return none(`the pod "${choice.name}" is gone`);
    return { kind: 'pod', uid: known.pod.uid, name: known.pod.name };
  }
  const pods = [...run.pods.values()].filter(
    ({ pod, goneAt }) => goneAt === undefined && pod.ready && !pod.terminating,
  );
  const found = (() => {
    switch (choice.kind) {
      case 'oldest':
        return pods[0];
      case 'newest':
        return pods.at(-1);
      case 'index':
        return pods[choice.index];
      case 'mostUsedBy': {
        const { pods: scores } = scoreSince(run, choice.lane, run.clock - recentMs);
        const calls = (uid: string) => scores.get(uid)?.answered ?? 0;
        const most = Math.max(0, ...pods.map(({ pod }) => calls(pod.uid)));
        return most === 0 ? undefined : pods.find(({ pod }) => calls(pod.uid) === most);
      }
    }
  })();
  if (found === undefined) {
    return none(
      choice.kind === 'mostUsedBy'
        ? `no ready pod answered ${choice.lane} in the last ${recentMs / 1000} s`
        : `there are ${pods.length} ready pods`,
    );
  }
  return { kind: 'pod', uid: found.pod.uid, name: found.pod.name };
}

function none(why: string): Choice {
  return { kind: 'none', why };
}
