import type { EventInit } from '../events/port.ts';

const reason = "the driver's thread ended";

/** What the events from below say is open, so that its end can be told when the thread below can't any more. */
export class OpenConnections {
  readonly #connections = new Map<string, { readonly laneId: string; readonly address: string }>();
  readonly #channels = new Map<
    string,
    { readonly laneId: string; readonly channel: number; readonly policy: string }
  >();

  note({ laneId, connectionId, address = '', kind }: EventInit): void {
    if (laneId === undefined || kind === undefined) return;
    if (kind.case === 'connected' && connectionId !== undefined)
      this.#connections.set(connectionId, { laneId, address });
    else if (kind.case === 'disconnected' && connectionId !== undefined) this.#connections.delete(connectionId);
    else if (kind.case === 'pickerUpdated') {
      const { channel = 0, state, policy = '' } = kind.value;
      if (state === 'SHUTDOWN') this.#channels.delete(`${laneId} ${channel}`);
      else this.#channels.set(`${laneId} ${channel}`, { laneId, channel, policy });
    }
  }

  /** The events that tell of the end of all of it. */
  endAll(): EventInit[] {
    const events: EventInit[] = [];
    for (const [connectionId, { laneId, address }] of this.#connections) {
      events.push({ laneId, connectionId, address, kind: { case: 'disconnected', value: { reason } } });
    }
    for (const { laneId, channel, policy } of this.#channels.values()) {
      const value = { addresses: [], policy, state: 'SHUTDOWN', channel };
      events.push({ laneId, kind: { case: 'pickerUpdated', value } });
    }
    this.#connections.clear();
    this.#channels.clear();
    return events;
  }
}
