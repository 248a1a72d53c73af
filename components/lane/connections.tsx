import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { wholeSeconds } from '../../model/time.ts';
import { connectionRows } from '../../model/view/opened.ts';
import { count } from '../../model/view/scorecard.ts';
import { spaced } from '../ui/text.ts';
import { PodName } from './pod-name.tsx';

const listed = 40;

export function Connections({ snapshot, lane, nowMs }: { snapshot: GetSnapshotResponse; lane: Lane; nowMs: number }) {
  const rows = connectionRows(snapshot, lane, nowMs);
  return (
    <section className="fact" aria-labelledby="connections-title" data-testid="connections">
      <h3 id="connections-title">
        Connections{' '}
        <small className="fact-note">
          {rows.length} now; {lane.agents.length > 1 ? 'by all clients ' : ''}
          {count(lane.connectionsOpened)} opened, {count(lane.connectionsClosed)} closed in this run
        </small>
      </h3>
      {rows.length === 0 ? (
        <p className="quiet">None is open.</p>
      ) : (
        <table className="fact-table">
          <thead>
            <tr>
              <th scope="col">pod</th>
              <th scope="col">address</th>
              <th scope="col">state</th>
              <th scope="col" className="number">
                age
              </th>
              <th scope="col" className="number">
                calls
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, listed).map((row) => (
              <tr key={row.id}>
                <td>
                  {row.pod === undefined ? <span className="quiet">{row.whither}</span> : <PodName of={row.pod} />}
                </td>
                <td className="mono fact-address">{row.address}</td>
                <td>{row.state.toLowerCase().replaceAll('_', ' ')}</td>
                <td className="number">{spaced(wholeSeconds(row.ageMs))}</td>
                <td className="number">
                  {row.calls === undefined ? (
                    <span title="Several connections lead to this pod: nobody counts them apart">shared</span>
                  ) : (
                    count(row.calls)
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows.length > listed && <p className="quiet">and {rows.length - listed} more, younger</p>}
    </section>
  );
}
