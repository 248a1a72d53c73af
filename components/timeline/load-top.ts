import { type Load, loadScale } from '../../model/view/load.ts';

/** The scale that the load lines of all lanes share, though each lane is derived in a frame of its own. */
export class LoadTop {
  private readonly lanes = new Map<string, readonly Load[]>();
  private top = 1;

  /** Calls per second at the top of each lane's line. */
  get perSecond(): number {
    return this.top;
  }

  set(laneId: string, load: readonly Load[]): void {
    this.lanes.set(laneId, load);
    this.top = loadScale([...this.lanes.values()]);
  }

  remove(laneId: string): void {
    this.lanes.delete(laneId);
    this.top = loadScale([...this.lanes.values()]);
  }
}
