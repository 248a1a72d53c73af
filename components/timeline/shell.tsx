import type { CSSProperties } from 'react';
import { WayOut } from '../controls/way-out.tsx';
import { paths } from '../ui/paths.ts';

/** Before the agent has answered: the same places, and what each path is; what would end that is said once. */
export function Shell() {
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
      {paths.map(({ id, label, how }, place) => (
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
            <p className="lane-verdict lane-wait">{how}</p>
          </div>
          <div className="lane-time">
            {place === 0 && <WayOut />}
            <div className="lane-skeleton" />
          </div>
          <div className="lane-now" />
        </section>
      ))}
    </>
  );
}
