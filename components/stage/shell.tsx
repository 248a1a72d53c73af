import type { LiveView } from '../live/store.ts';

const paths = {
  near: [
    ['clusterip', 'ClusterIP'],
    ['headless', 'Headless DNS'],
  ],
  far: [
    ['kubewatch', 'kube-watch'],
    ['envoy', 'Envoy'],
  ],
} as const;

/** Before the agent has answered: the same places, and sentences that say what is missing. */
export function Shell({ side, view }: { side: 'near' | 'far'; view: LiveView }) {
  const reason = view.phase.kind === 'lost' ? 'Nothing is known yet.' : 'Waiting for the first report.';
  return paths[side].map(([id, label]) => (
    <section key={id} className="note" data-testid={`lane-${id}`} data-state="connecting">
      <h2 className="note-name">{label}</h2>
      <p className="note-verdict note-wait" data-testid={`lane-${id}-verdict`}>
        {reason}
      </p>
    </section>
  ));
}
