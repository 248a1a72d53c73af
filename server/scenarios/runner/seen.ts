import type { Run } from '../../../model/state.ts';

/** What the truth watch must have shown before a step counts as done. */
export const clusterHas = {
  left: (uid: string) => (run: Run) => {
    const known = run.pods.get(uid);
    return known === undefined || known.goneAt !== undefined || known.pod.terminating;
  },
};
