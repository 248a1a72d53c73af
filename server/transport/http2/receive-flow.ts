import { defaultWindowBytes } from './frames.ts';
import type { Output } from './output.ts';
import type { Stream } from './stream.ts';

/** What the peer may send ahead: per stream as the connect-node transport, per connection the largest message. */
export const streamWindowBytes = 1 << 20;
const connectionWindowBytes = 16 << 20;

/** What comes: the peer's windows, opened again as soon as half of one is used. */
export class ReceiveFlow {
  private window: number = connectionWindowBytes;
  private readonly output: Output;

  constructor(output: Output) {
    this.output = output;
  }

  /** Beyond what every connection begins with. */
  start(): void {
    this.output.windowUpdate(0, connectionWindowBytes - defaultWindowBytes);
  }

  /** DATA on any stream; false: the peer may not send that much. */
  take(bytes: number): boolean {
    this.window -= bytes;
    if (this.window < 0) return false;
    if (this.window <= connectionWindowBytes / 2) {
      this.output.windowUpdate(0, connectionWindowBytes - this.window);
      this.window = connectionWindowBytes;
    }
    return true;
  }

  replenish(stream: Stream): void {
    if (stream.receiveWindow > streamWindowBytes / 2) return;
    this.output.windowUpdate(stream.id, streamWindowBytes - stream.receiveWindow);
    stream.receiveWindow = streamWindowBytes;
  }
}
