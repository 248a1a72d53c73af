import { cellOf } from '../../../model/view/stage/cells.ts';
import type { LanePlace, PodPlace } from '../../../model/view/stage/geometry.ts';
import type { StagePicture } from './picture.ts';
import type { Tones } from './tones.ts';

/** Rows: one cell for each lane, with a bar whose full width is three times the fair share. */
export function paintCells(pen: CanvasRenderingContext2D, { brush }: Tones, picture: StagePicture): void {
  const { geometry } = picture;
  const { palette } = brush;
  for (const place of geometry.lanes) {
    const lane = picture.lanes.find((each) => each.id === place.id);
    if (lane === undefined || lane.state !== 'running') continue;
    pen.globalAlpha = picture.lit.laneId !== undefined && picture.lit.laneId !== lane.id ? 0.25 : 1;
    for (const pod of geometry.pods) {
      const corner = lane.corners.get(pod.uid);
      if (corner === undefined) continue;
      const cell = cellOf(
        geometry,
        place as LanePlace,
        pod as PodPlace,
        corner.share / (picture.fair.get(pod.uid) ?? 1),
      );
      switch (corner.state) {
        case 'used':
          pen.fillStyle = brush.pod(picture.slots.get(pod.uid) ?? 0);
          pen.fillRect(cell.bar.x, cell.bar.y, cell.bar.width, cell.bar.height);
          break;
        case 'idle':
          pen.fillStyle = palette.text3;
          pen.beginPath();
          pen.arc(cell.dot.x, cell.dot.y, 1.4, 0, 2 * Math.PI);
          pen.fill();
          break;
        case 'missing':
        case 'ghost':
          pen.strokeStyle = corner.state === 'ghost' ? palette.error : palette.text;
          pen.lineWidth = 1.3;
          pen.setLineDash([2.5, 2.5]);
          pen.strokeRect(cell.box.x + 0.5, cell.box.y + 1, cell.box.width, cell.box.height - 2);
          pen.setLineDash([]);
          break;
      }
    }
  }
  pen.globalAlpha = 1;
}
