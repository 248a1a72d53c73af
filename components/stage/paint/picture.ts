import type { Curve } from '../../../model/view/stage/curve.ts';
import type { Geometry, LanePlace, PodPlace, StreamPlace } from '../../../model/view/stage/geometry.ts';
import type { StagePod } from '../../../model/view/stage/pods.ts';
import type { Scale } from '../../../model/view/stage/scale.ts';
import type { Corner, StageLane } from '../../../model/view/stage/scene.ts';

/** All that the canvas of the stage shows; a new one a few times a second at most. */
export type StagePicture = {
  geometry: Geometry;
  pods: readonly StagePod[];
  lanes: readonly StageLane[];
  /** By UID: colours as this view gives them. */
  slots: ReadonlyMap<string, number>;
  scale: Scale;
  /** Rows instead of figures. */
  rows: boolean;
  /** By UID: the share that would be fair; for a group, that of all its pods. */
  fair: ReadonlyMap<string, number>;
  /** Calls run: live, not frozen, motion allowed. */
  moving: boolean;
  /** Lane or pod that is pointed at; the others step back. */
  lit: { laneId?: string; uid?: string };
};

/** A stream between its wheel and its pod, as it is at this frame. */
export type Stream = {
  key: string;
  lane: StageLane;
  place: LanePlace;
  pod: PodPlace;
  corner: Corner;
  slot: number;
  /** px, eased. */
  width: number;
  /** How much of the way is drawn: a new stream grows from its wheel. */
  reach: number;
  at: StreamPlace;
  curve: Curve;
  /** The same calls between the client and its proxy; made when it is first painted. */
  pipe?: Curve;
};
