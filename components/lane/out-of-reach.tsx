import type { Lane } from '../../gen/lbscope/agent/v1/agent_pb.js';
import { bindNumbers, duration, toMs } from '../../model/time.ts';
import { Detour } from '../controls/detour.tsx';
import { sentence } from '../ui/text.ts';

/** A path that cannot be reached from the agent's machine: what was tried, since when, and what can be done. */
export function OutOfReach({ lane, nowMs }: { lane: Lane; nowMs: number }) {
  const { detour, unreachableSince } = lane;
  if (detour === undefined) return null;
  return (
    <section className="fact reach" aria-labelledby="reach-title" data-testid="out-of-reach">
      <h3 id="reach-title">
        Out of reach <small className="fact-note">for {duration(nowMs - toMs(unreachableSince))}</small>
      </h3>
      <p>{sentence(bindNumbers(lane.reason))} It is tried again, and the lane starts by itself.</p>
      <p>Something of it, through the Kubernetes API:</p>
      <pre className="mono reach-command">{detour.command}</pre>
      <p>{detour.limit}</p>
      <Detour detour={detour} />
      <p>All of it, with an agent in the cluster:</p>
      <pre className="mono reach-command">{detour.inside}</pre>
    </section>
  );
}
