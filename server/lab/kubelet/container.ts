import type { Clock } from '../clock.ts';
import type { Delays } from '../delays.ts';
import type { Json } from '../store-port.ts';
import { restartDelayMs } from './backoff.ts';
import type { Exit, Instance, SpawnOutcome } from './instance.ts';
import type { LogRing } from './log-ring.ts';
import { act, type ProbeTarget } from './probe-action.ts';
import type { ProbeOutcome } from './probe-outcome.ts';
import { startProber } from './prober.ts';

/** Where a container is in its life. */
export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message?: string }
  /** The process may have exited already: the kubelet knows only once it looks. */
  | { readonly kind: 'running'; readonly instance: Instance; readonly started: boolean; readonly ready: boolean }
  | { readonly kind: 'terminated'; readonly exit: Exit };

/** What a start needs from the pod: the outcome of preparing (environment, volumes, image) and spawning. */
export type StartOutcome =
  | SpawnOutcome
  /** Tried again with a growing wait. `again`, where it differs, is the reason shown while waiting. */
  | { readonly kind: 'wait'; readonly reason: string; readonly message: string; readonly again?: string };

export interface ContainerHost {
  readonly clock: Clock;
  readonly delays: Delays;
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never';
  readonly podName: string;
  start(container: Json): Promise<StartOutcome>;
  target(container: Json): ProbeTarget;
  /** Runs a preStop action other than sleep. */
  hook(action: Json, container: Json, limitMs: number): Promise<ProbeOutcome>;
  changed(): void;
  event(type: 'Normal' | 'Warning', reason: string, message: string): void;
}

export type StopMode = 'delete' | 'force' | 'restart';

/** One container of a pod, over all its restarts. */
export class Container {
  readonly spec: Json;
  private readonly host: ContainerHost;
  state: ContainerState = { kind: 'waiting', reason: 'ContainerCreating' };
  last: Exit | undefined;
  restartCount: number;
  private previousLog: LogRing | undefined;
  private currentLog: LogRing | undefined;
  private probers: { stop(): void }[] = [];
  private restartsInARow = 0;
  private startFaults = 0;
  private everStarted: boolean;
  private cancelStart = () => {};
  /** Set once the pod ends: nothing starts any more. */
  private closed = false;
  private stopDeadline: number | undefined;
  private wakeStop = () => {};

  constructor(spec: Json, host: ContainerHost, before?: { restartCount: number; last: Exit | undefined }) {
    this.spec = spec;
    this.host = host;
    this.restartCount = before?.restartCount ?? 0;
    this.last = before?.last;
    this.everStarted = before !== undefined;
  }

  log(previous: boolean): LogRing | undefined {
    return previous ? this.previousLog : this.currentLog;
  }

  start(): void {
    void this.tryStart();
  }

  private async tryStart(): Promise<void> {
    const { host, spec } = this;
    if (this.closed) return;
    const outcome = await host.start(spec);
    if (this.closed) {
      if (outcome.kind === 'started') {
        this.running(outcome.instance);
        outcome.instance.end();
      }
      return;
    }
    if (outcome.kind === 'started') {
      this.startFaults = 0;
      if (this.everStarted) this.restartCount += 1;
      this.everStarted = true;
      host.event('Normal', 'Created', `Created container: ${spec.name}`);
      host.event('Normal', 'Started', `Started container ${spec.name}`);
      this.running(outcome.instance);
      this.startProbes(outcome.instance);
      host.changed();
      return;
    }
    const fault =
      outcome.kind === 'wait' ? outcome : { reason: 'RunContainerError', message: outcome.message, again: undefined };
    this.startFaults += 1;
    this.state = { kind: 'waiting', reason: fault.reason, message: fault.message };
    host.event('Warning', 'Failed', `${fault.reason}: ${fault.message}`);
    host.changed();
    const waitMs = Math.max(host.delays.mountRetryMs, restartDelayMs(this.startFaults, host.delays));
    const again = fault.again;
    const cancelShow =
      again === undefined
        ? () => {}
        : host.clock.after(Math.min(host.delays.relistMs, waitMs / 2), () => {
            this.state = { kind: 'waiting', reason: again, message: `Back-off: ${fault.message}` };
            host.changed();
          });
    const cancelRetry = host.clock.after(waitMs, () => void this.tryStart());
    this.cancelStart = () => {
      cancelShow();
      cancelRetry();
    };
  }

  private running(instance: Instance): void {
    this.previousLog = this.currentLog ?? this.previousLog;
    this.currentLog = instance.log;
    const ready = this.spec.readinessProbe === undefined && this.spec.startupProbe === undefined;
    this.state = { kind: 'running', instance, started: this.spec.startupProbe === undefined, ready };
  }

  private startProbes(instance: Instance): void {
    const { spec } = this;
    if (spec.startupProbe) {
      const prober = this.probe('Startup', spec.startupProbe, false, (passed) => {
        if (!passed) return void this.restart(`Container ${spec.name} failed startup probe, will be restarted`);
        prober.stop();
        this.update(instance, { started: true, ready: spec.readinessProbe === undefined });
        this.startLaterProbes(instance);
      });
      return;
    }
    this.startLaterProbes(instance);
  }

  private startLaterProbes(instance: Instance): void {
    const { spec } = this;
    if (spec.readinessProbe) {
      this.probe('Readiness', spec.readinessProbe, false, (ready) => this.update(instance, { ready }));
    }
    if (spec.livenessProbe) {
      this.probe(
        'Liveness',
        spec.livenessProbe,
        true,
        (alive) => {
          if (!alive) void this.restart(`Container ${spec.name} failed liveness probe, will be restarted`);
        },
        true,
      );
    }
  }

  private probe(
    name: string,
    probe: Json,
    initial: boolean,
    onResult: (result: boolean) => void,
    endsWithPod = false,
  ): { stop(): void } {
    const { host, spec } = this;
    const prober = startProber({
      probe,
      initial,
      clock: host.clock,
      delays: host.delays,
      attempt: (timeoutMs) => act(probe, host.target(spec), timeoutMs),
      onResult,
      onFailure: (message) => host.event('Warning', 'Unhealthy', `${name} probe failed: ${message}`),
    });
    const entry = { stop: () => prober.stop(), endsWithPod };
    this.probers.push(entry);
    return entry;
  }

  private update(instance: Instance, change: { started?: boolean; ready?: boolean }): void {
    if (this.state.kind !== 'running' || this.state.instance !== instance) return;
    this.state = { ...this.state, ...change };
    this.host.changed();
  }

  private stopProbes(which: 'all' | 'liveness'): void {
    this.probers = this.probers.filter((prober) => {
      if (which === 'liveness' && !(prober as { endsWithPod?: boolean }).endsWithPod) return true;
      prober.stop();
      return false;
    });
  }

  /** The kubelet looks (PLEG): an exit becomes known only here. */
  relist(): void {
    if (this.state.kind !== 'running' || this.closed) return;
    const exit = this.state.instance.exit();
    if (exit !== undefined) this.noticeExit(this.state.instance, exit);
  }

  private noticeExit(instance: Instance, exit: Exit): void {
    const { host, spec } = this;
    this.stopProbes('all');
    this.state = { kind: 'terminated', exit };
    host.changed();
    const again = host.restartPolicy === 'Always' || (host.restartPolicy === 'OnFailure' && exit.exitCode !== 0);
    if (this.closed || !again) return;
    this.last = exit;
    const ranMs = (exit.finishedAt ?? 0) - instance.startedAt;
    if (ranMs >= host.delays.crashBackoffResetMs) this.restartsInARow = 0;
    const waitMs = restartDelayMs(this.restartsInARow, host.delays);
    this.restartsInARow += 1;
    const leftMs = waitMs - (host.clock.now() - (exit.finishedAt ?? 0));
    if (leftMs <= 0) {
      this.start();
      return;
    }
    const message = `back-off ${Math.round(waitMs / 1000)}s restarting failed container=${spec.name} pod=${host.podName}`;
    this.state = { kind: 'waiting', reason: 'CrashLoopBackOff', message };
    host.event('Warning', 'BackOff', `Back-off restarting failed container ${spec.name} in pod ${host.podName}`);
    host.changed();
    this.cancelStart = host.clock.after(leftMs, () => this.start());
  }

  private async restart(why: string): Promise<void> {
    if (this.state.kind !== 'running' || this.closed || this.stopDeadline !== undefined) return;
    this.host.event('Normal', 'Killing', why);
    const graceSeconds =
      this.spec.livenessProbe?.terminationGracePeriodSeconds ?? this.spec.terminationGracePeriodSeconds ?? 30;
    // The exit is then noticed at the next relist, as any other.
    await this.stop('restart', graceSeconds * 1000);
  }

  /**
   * Ends the running instance and resolves once it is gone. `delete` and `force` close the container for good.
   * Called again while it runs: the shorter grace counts.
   */
  async stop(mode: StopMode, graceMs: number): Promise<void> {
    const { host } = this;
    if (mode !== 'restart') {
      this.closed = true;
      this.cancelStart();
      this.stopProbes('liveness');
    }
    if (this.state.kind !== 'running') return;
    const { instance } = this.state;
    const deadline = host.clock.monotonic() + graceMs;
    if (this.stopDeadline !== undefined) {
      this.stopDeadline = Math.min(this.stopDeadline, deadline);
      this.wakeStop();
      await instance.exited;
      if (mode !== 'restart') this.gone(instance);
      return;
    }
    this.stopDeadline = deadline;
    if (mode !== 'force' && this.spec.lifecycle?.preStop) await this.preStop(instance, graceMs);
    instance.terminate();
    // A kubelet's rule: whatever preStop used up, SIGTERM is given a little (minimumGracePeriodInSeconds).
    const least =
      mode === 'force' ? 0 : Math.min(host.delays.minimumGraceMs, Math.max(graceMs, host.delays.forceKillMs));
    this.stopDeadline = Math.max(this.stopDeadline, host.clock.monotonic() + least);
    await this.untilDeadlineOrExit(instance);
    instance.end();
    await instance.exited;
    this.stopDeadline = undefined;
    if (mode !== 'restart') this.gone(instance);
  }

  private gone(instance: Instance): void {
    const exit = instance.exit();
    if (exit === undefined || this.state.kind !== 'running') return;
    this.stopProbes('all');
    this.state = { kind: 'terminated', exit };
    this.host.changed();
  }

  /** The hook's time counts within the grace period. */
  private async preStop(instance: Instance, graceMs: number): Promise<void> {
    const { host, spec } = this;
    const action = spec.lifecycle.preStop;
    const sleepMs = action.sleep ? Number(action.sleep.seconds) * 1000 : undefined;
    const hook =
      sleepMs === undefined
        ? host.hook(action, spec, graceMs)
        : new Promise<ProbeOutcome>((resolve) => {
            host.clock.after(sleepMs, () => resolve({ kind: 'success' }));
          });
    const outcome = await Promise.race([hook, this.untilDeadlineOrExit(instance)]);
    if (outcome?.kind === 'failure') {
      host.event('Warning', 'FailedPreStopHook', `PreStopHook failed: ${outcome.message}`);
    }
  }

  private async untilDeadlineOrExit(instance: Instance): Promise<undefined> {
    const { clock } = this.host;
    while (instance.exit() === undefined) {
      const leftMs = (this.stopDeadline ?? 0) - clock.monotonic();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const cancel = clock.after(leftMs, resolve);
        this.wakeStop = () => {
          cancel();
          resolve();
        };
        void instance.exited.then(() => {
          cancel();
          resolve();
        });
      });
    }
  }

  /** The lab ends: no grace, no status. */
  async end(): Promise<void> {
    this.closed = true;
    this.cancelStart();
    this.stopProbes('all');
    if (this.state.kind !== 'running') return;
    this.state.instance.end();
    await this.state.instance.exited;
  }
}
