import type { Lane } from '../../../gen/lbscope/agent/v1/agent_pb.js';
import { decider, isProxied } from '../decider.ts';
import type { Side, Site } from './geometry.ts';

/** The stage holds three clients a side. */
export const perSide = 3;
export const mostLanes = 2 * perSide;

/** Whether a path looks again by itself, by what it is and not by what it does at the moment: lanes keep their side. */
export function keepsAsking(lane: Lane): boolean {
  const who = decider(lane);
  return who === 'api' || who === 'envoy' || lane.spec?.profile === 'poll';
}

export type Sides = {
  /** By lane id. */
  of: Map<string, Side>;
  /** What is said above a side: only if it is true of every lane of it. */
  near: string;
  far: string;
};

/** Left those that ask once, right those that keep asking; where that leaves a side too full, the last ones cross over. */
export function sidesOf(lanes: readonly Lane[]): Sides {
  const near = lanes.filter((lane) => !keepsAsking(lane));
  const far = lanes.filter(keepsAsking);
  const most = lanes.length > 4 ? perSide : 2;
  while (near.length > most && far.length < most) far.push(near.pop() as Lane);
  while (far.length > most && near.length < most) near.push(far.pop() as Lane);
  return {
    of: new Map([...near.map((lane) => [lane.id, 'near'] as const), ...far.map((lane) => [lane.id, 'far'] as const)]),
    near: near.length > 0 && near.every((lane) => !keepsAsking(lane)) ? 'Ask once, then trust the answer' : '',
    far: far.length > 0 && far.every(keepsAsking) ? 'Keep asking' : '',
  };
}

export function siteOf(lane: Lane): Site {
  const who = decider(lane);
  if (isProxied(lane)) return 'envoy';
  return who === 'kube-proxy' || who === 'static' ? 'proxy' : 'client';
}

/** Those that fit: the trainer's choice in the trainer's order, and without one the first six. */
export function chosenLanes(lanes: readonly Lane[], picked: readonly string[]): Lane[] {
  const wanted = [...new Set(picked)].flatMap((id) => lanes.find((lane) => lane.id === id) ?? []);
  return (wanted.length > 0 ? wanted : lanes).slice(0, mostLanes);
}
