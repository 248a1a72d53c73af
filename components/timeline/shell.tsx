import type { CSSProperties } from 'react';

/** Before the agent has answered: the same places, and sentences that say what is missing. */
const paths = [
  ['clusterip', 'ClusterIP'],
  ['headless', 'Headless DNS'],
  ['kubewatch', 'kube-watch'],
  ['envoy', 'Envoy'],
] as const;

export function Shell({ reason }: { reason: string }) {
  return (
    <>
      <section className="cluster">
        <div className="cluster-text">
          <h2 className="lane-name">Cluster</h2>
          <p className="lane-mechanism">what really exists</p>
        </div>
        <div className="cluster-time" />
        <div className="cluster-now" />
      </section>
      {paths.map(([id, label], place) => (
        <section
          key={id}
          className="lane"
          style={{ '--place': place + 3 } as CSSProperties}
          data-testid={`lane-${id}`}
          data-state="connecting"
        >
          <div className="lane-text">
            <div className="lane-head">
              <h2 className="lane-name">{label}</h2>
            </div>
            <p className="lane-verdict lane-wait" data-testid={`lane-${id}-verdict`}>
              {reason}
            </p>
          </div>
          <div className="lane-time">
            <div className="lane-skeleton" />
          </div>
          <div className="lane-now" />
        </section>
      ))}
    </>
  );
}
