import type { EventInit, EventSink } from '../../events/port.ts';

/** Keeps what was emitted. */
export class EventLog implements EventSink {
  readonly events: EventInit[] = [];

  emit(event: EventInit): void {
    this.events.push(event);
  }

  kinds(): string[] {
    return this.events.map((event) => event.kind?.case ?? 'none');
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into the values of kinds they name.
  values(kind: string): any[] {
    return this.events.filter((event) => event.kind?.case === kind).map((event) => event.kind?.value);
  }

  of(kind: string): EventInit[] {
    return this.events.filter((event) => event.kind?.case === kind);
  }
}
