import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Random } from '../clock.ts';
import { startFlow } from './flow.ts';
import type { Backend, Rule } from './rules.ts';

export interface VirtualPortOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Where the virtual address listens: itself, or 127.0.0.1 with a port that is reported to `onListening`. */
  readonly host: string;
  readonly port: number;
  dial(backend: Backend): { host: string; port: number };
  onListening(port: number): void;
  onFault(error: Error): void;
}

/** A listener's life. Closed is the true refusal: nothing listens, so the kernel itself answers ECONNREFUSED. */
type Listener = { readonly kind: 'closed' } | { readonly kind: 'open'; readonly server: Server };

/**
 * One virtual address and port. A backend is drawn at random for each connection; the connection then stays with it,
 * whatever the rules become.
 */
export class VirtualPort {
  private readonly options: VirtualPortOptions;
  private rule: Rule;
  private listener: Listener = { kind: 'closed' };
  private readonly flows = new Set<{ destroy(): void }>();
  private readonly affinity = new Map<string, { backend: Backend; until: number }>();
  private retry = () => {};
  accepted = 0;

  constructor(rule: Rule, options: VirtualPortOptions) {
    this.rule = rule;
    this.options = options;
  }

  get openFlows(): number {
    return this.flows.size;
  }

  get current(): Rule {
    return this.rule;
  }

  get listening(): boolean {
    return this.listener.kind === 'open';
  }

  /** Puts a rule in force: for new connections only. */
  apply(rule: Rule): void {
    this.rule = rule;
    if (rule.affinityMs === undefined) this.affinity.clear();
    if (rule.backends.length === 0) this.closeListener();
    else this.openListener();
  }

  /** The Service is gone: no new connections; established flows go on until their ends close them. */
  retire(): void {
    this.rule = { ...this.rule, backends: [] };
    this.closeListener();
  }

  /** The lab ends. */
  destroy(): void {
    this.retire();
    for (const flow of [...this.flows]) flow.destroy();
  }

  private openListener(): void {
    if (this.listener.kind === 'open') return;
    const { options } = this;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.accept(client));
    this.listener = { kind: 'open', server };
    server.on('error', (error) => {
      if (this.listener.kind !== 'open' || this.listener.server !== server) return;
      this.listener = { kind: 'closed' };
      options.onFault(error);
      // Another program holds the port: kube-proxy too would try again at its next sync.
      this.retry = options.clock.after(1_000, () => {
        if (this.rule.backends.length > 0) this.openListener();
      });
    });
    server.listen({ host: options.host, port: options.port, exclusive: true, backlog: 1_024 }, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') options.onListening(address.port);
    });
  }

  private closeListener(): void {
    this.retry();
    if (this.listener.kind === 'closed') return;
    this.listener.server.close();
    this.listener = { kind: 'closed' };
  }

  private accept(client: Socket): void {
    this.accepted += 1;
    const backend = this.draw(client.remoteAddress ?? '');
    if (backend === undefined) {
      client.on('error', () => {});
      client.resetAndDestroy();
      return;
    }
    const flow = startFlow(client, this.options.dial(backend), () => this.flows.delete(flow));
    this.flows.add(flow);
  }

  /** As `-m statistic --mode random` does: each with the same probability, no memory, unless affinity asks for one. */
  private draw(clientIP: string): Backend | undefined {
    const { backends, affinityMs } = this.rule;
    if (backends.length === 0) return undefined;
    const { clock, random } = this.options;
    const now = clock.monotonic();
    const kept = affinityMs === undefined ? undefined : this.affinity.get(clientIP);
    const still =
      kept && kept.until > now && backends.find((one) => one.ip === kept.backend.ip && one.port === kept.backend.port);
    const backend = still || backends[Math.floor(random() * backends.length)];
    if (affinityMs !== undefined && backend !== undefined)
      this.affinity.set(clientIP, { backend, until: now + affinityMs });
    return backend;
  }
}
