import type { GetSnapshotResponse, Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { clientRows, clientWords } from '../../model/view/clients.ts';
import { count } from '../../model/view/scorecard.ts';
import { PodName } from './pod-name.tsx';

/** Pods beyond this many are counted, not named: all of them answer anyway. */
const named = 4;

/** Where several agents drive the lane: what each believes, and whom it reached. */
export function Clients({ snapshot, lane }: { snapshot: GetSnapshotResponse; lane: Lane }) {
  const rows = clientRows(snapshot, lane);
  if (rows.length === 0) return null;
  return (
    <section className="fact" aria-labelledby="clients-title" data-testid="clients">
      <h3 id="clients-title">
        Clients <small className="fact-note">{clientWords(lane)}; connections and lookups below are this agent’s</small>
      </h3>
      <table className="fact-table fact-clients">
        <thead>
          <tr>
            <th scope="col">client</th>
            <th scope="col">knows</th>
            <th scope="col">reached, last 10 s</th>
            <th scope="col" className="number">
              calls
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id} data-client={row.id}>
              <td title={row.id}>{row.name}</td>
              {row.trouble === '' ? (
                <>
                  <td>{row.knows}</td>
                  <td>
                    {row.reached.slice(0, named).map(({ pod, share }) => (
                      <span key={typeof pod === 'string' ? pod : pod.uid} className="client-pod">
                        <PodName of={pod} />
                        {Math.round(100 * share)} %
                      </span>
                    ))}
                    {row.reached.length > named && <span className="quiet">and {row.reached.length - named} more</span>}
                  </td>
                </>
              ) : (
                <td colSpan={2} className="client-trouble">
                  {row.trouble}
                </td>
              )}
              <td className="number">
                {count(row.calls)}
                {row.short !== '' && <span className="client-trouble client-short">{row.short}</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
