/**
 * The agent: drives traffic through every lane, records who answered, watches the truth, and serves both to viewers.
 * This file is the composition root; read it from top to bottom.
 */
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { jsonPort } from '../model/presets.ts';
import { type AgentOptions, parseAgentOptions } from './agent-options.ts';
import { dialWorkers } from './agents/dial.ts';
import { Fleet } from './agents/fleet.ts';
import { PeerList } from './agents/peer-list.ts';
import { peerToken } from './agents/token.ts';
import type { Agent } from './api/agent-port.ts';
import { LatencyMetric } from './api/latency-metric.ts';
import { startApi } from './api/server.ts';
import { tokenFiles } from './api/tokens.ts';
import { EncodingBenchmark } from './encoding/benchmark.ts';
import { Engine } from './engine.ts';
import { createClock, nodeTimers } from './events/clock.ts';
import { createHub } from './events/hub.ts';
import { logTroubles } from './events/log-troubles.ts';
import { clusterActions } from './kube/agent-actions.ts';
import { connectKube } from './kube/connect.ts';
import { ConnectionAges } from './kube/connection-ages.ts';
import { controlPod } from './kube/pod-control.ts';
import { Truth } from './kube/truth.ts';
import { whyNot } from './kube/why-not.ts';
import { lacking } from './lanes/channel-spec.ts';
import { defaultLanes, defaultTraffic } from './lanes/defaults.ts';
import { FirstPods } from './lanes/first-pods.ts';
import { Lanes } from './lanes/lanes.ts';
import { load, save } from './lanes/saved.ts';
import { loadAge, saveAge } from './lanes/saved-age.ts';
import { createMembership } from './membership/lane-membership.ts';
import { waysInFolder } from './presets/folder.ts';
import { Presets } from './presets/presets.ts';
import { createLog } from './process/log.ts';
import { endWithStdin } from './process/stdin-life.ts';
import { tcpDial } from './reach/dial.ts';
import { createReach } from './reach/lane-reach.ts';
import { Recorder } from './recording/recorder.ts';
import { diskOf, startLibrary } from './recording/remote.ts';
import { labPort } from './scenarios/lab-port.ts';
import { libraryOf } from './scenarios/library.ts';
import { presetsOf } from './scenarios/presets.ts';
import { restoreFile } from './scenarios/runner/restore-file.ts';
import { Runner } from './scenarios/runner/runner.ts';
import { createScenarios } from './scenarios/scenarios.ts';
import { createHttp2Transport } from './transport/http2/index.ts';
import { runWorker } from './worker-main.ts';

const version = '0.1.0';

/** After a change was seen, proxies are read every 100 ms for as long as a refresh and a connection take. */
const hurryMs = 8_000;

/** Whom the embedded cluster knows the lanes' watches as (`--lane-token lab:lanes`). */
const laneUser = 'lanes';

/** A disk that hangs must not hold the end up. */
const closeRecordingMs = 1_500;

async function main(options: AgentOptions): Promise<void> {
  const log = createLog('agent', { ...process.env, LBSCOPE_LOG_LEVEL: options['log-level'] });
  const clock = createClock();
  const timers = nodeTimers;
  const random = Math.random;

  // The cluster: one Api for each that asks, so that nobody waits for another.
  const { namespace, service } = options;
  const kube = connectKube({
    kubeconfig: options.kubeconfig,
    server: options['kube-server'],
    token: options['kube-token'],
  });
  if (kube.kind === 'fault') {
    process.stderr.write(`${kube.message}\n`);
    process.exit(2);
  }

  // The hub numbers everything and folds it into the run.
  const hub = createHub({
    clock,
    agentVersion: version,
    onFault: (fault, update) => log.error({ err: fault, update: update.case }, 'an update could not be folded'),
  });
  hub.run.cluster.namespace = namespace;
  hub.run.cluster.service = service;
  hub.run.cluster.headlessService = options['headless-service'];

  const truth = new Truth({
    api: kube.connect(),
    namespace,
    service,
    deployment: options.deployment,
    port: options['pod-port'],
    clock,
    timers,
    random,
    events: hub,
    onAttribution: (table) => fleet.attribute(table),
  });

  // What makes the calls, here and in the workers that there are: settings go down, frames and events come up.
  // As someone of their own where the cluster is reached by URL: forbidding them must not blind the truth.
  const laneKube = options['lane-token']
    ? connectKube({ server: options['kube-server'], token: options['lane-token'] })
    : kube;
  const connect = laneKube.kind === 'api' ? laneKube.connect : kube.connect;
  const engine = new Engine({
    options,
    connect,
    clock,
    timers,
    random,
    events: hub,
    onFrame: (frame) => fleet.own(frame),
    onFault: (reason, message) => log.error({ reason }, message),
  });
  const latency = new LatencyMetric();
  const peerFile = options['peer-token-file'];
  const fleet = new Fleet(engine, {
    version,
    dial: dialWorkers(
      peerFile === undefined ? undefined : peerToken(peerFile, clock.now, (fault) => log.warn({}, fault)),
    ),
    clock,
    timers,
    events: hub,
    onFrame: (frame) => {
      latency.take(frame);
      hub.frame(frame);
    },
  });
  const { lookup, slices } = engine;
  const peers = new PeerList({
    targets: options.peers,
    lookup,
    timers,
    onAddresses: (addresses) => fleet.setPeers(addresses),
    onFault: (reason) => log.warn({ reason }, 'other agents can not be found; those that are known go on'),
  });

  // The lanes: settings, whether they can run, and what they say of themselves.
  const whyApi = kube.connect();
  const names = {
    namespace,
    service,
    headlessService: options['headless-service'],
    envoyService: options['envoy-service'],
    port: options['pod-port'],
  };
  const saved = load(options['state-dir']);
  const initial = saved ?? {
    traffic: defaultTraffic(options.rate),
    lanes: defaultLanes(names, options['call-server-name']).map((spec) => ({
      spec,
      running: true,
      traffic: undefined,
    })),
  };
  const around = { kubeconfig: options.kubeconfig, namedPort: options['pod-port'] };
  const dial = tcpDial(timers);
  const given = { ca: options['call-ca'] !== undefined, tokenFile: options['call-token-file'] !== undefined };
  const lanes = new Lanes({
    initial,
    lacking: (spec) => lacking(spec, given),
    save: (state) => {
      try {
        save(options['state-dir'], state);
      } catch (error) {
        log.warn({ err: error }, 'lanes and traffic could not be saved; a restart would begin with the older ones');
      }
    },
    parts: {
      clock,
      timers,
      events: hub,
      makeDriver: (spec, listener) => fleet.open(spec, listener),
      makeMembership: (spec, onState) =>
        createMembership(spec, { events: hub, clock, timers, lookup, sliceWatch: slices, onState }),
      // In the cluster, and beside the embedded one, what lanes dial is reached or down: calls tell.
      makeReach: (spec, onState) =>
        kube.outside
          ? createReach(spec, { lookup, sliceWatch: slices, dial, clock, timers, onState, around })
          : undefined,
      whyNot: (target) => whyNot(whyApi, target),
    },
  });

  hub.subscribe((update) => {
    if (update.case !== 'event') return;
    const kind = update.value.kind.case;
    // Frames are cut where a membership changes, so that edges are exact; the drivers do it themselves for their pickers.
    // Not from within the update: the frame gets the number after it.
    if (kind === 'sliceChanged' || (kind === 'resolved' && update.value.kind.value?.changed)) {
      queueMicrotask(() => fleet.cut());
    }
    if (kind === 'sliceChanged' || kind === 'podTerminating' || kind === 'podRestarted') lanes.hurry(hurryMs);
  });

  // Every run is kept, in a thread of its own; what can't be kept is said and changes nothing else.
  const library = startLibrary(
    {
      folder: options['data-dir'] ?? join(dirname(options['state-dir']), 'recordings'),
      limits: { bytes: options['data-limit-mb'] * 1024 * 1024, days: options['data-limit-days'] },
    },
    (error) => log.error({ err: error }, 'the thread of the recordings has ended; the next use starts another'),
  );
  const recorder = options.recording === 'on' ? new Recorder({ hub, disk: diskOf(library), clock, timers }) : undefined;

  logTroubles(hub, log);
  hub.newRun(saved === undefined ? 'agent started' : 'resumed');
  if (recorder === undefined) {
    const message = 'Runs are not recorded: the agent was started with --recording off.';
    hub.emit({ kind: { case: 'recordingChanged', value: { state: 'off', message } } });
  }
  truth.start();
  peers.start();
  lanes.start('waiting for the first pods to be Ready');
  const firstPods = new FirstPods({
    timers,
    ready: () => truth.endpoints().filter((endpoint) => endpoint.ready).length,
    replicas: () => truth.replicas,
    release: () => {
      stopWaiting();
      lanes.release();
    },
  });
  const stopWaiting = hub.subscribe((update) => {
    if (update.case !== 'event') return;
    const { kind } = update.value;
    if (kind.case === 'watchState' && kind.value.watcher === 'truth' && kind.value.state === 'forbidden') {
      firstPods.blind();
    } else firstPods.look();
  });

  const benchmark = new EncodingBenchmark(createHttp2Transport(), () => {
    const host = truth
      .endpoints()
      .find(({ ready }) => ready)
      ?.address.split(':')[0];
    return host === undefined ? undefined : { host, grpcPort: options['pod-port'], jsonPort };
  });
  const presets = new Presets({
    api: kube.connect(),
    names,
    folder: options['ways-in'] ?? waysInFolder(),
    mode: options.objects,
    putLane: (spec) => lanes.put(spec),
    timers,
    onFault: (message) => log.warn(message),
    lanes: [...hub.run.lanes.values()].map(({ spec }) => spec),
  });
  hub.subscribe((update) => {
    if (update.case !== 'event' || update.value.kind.case !== 'laneChanged') return;
    const { lane, removed } = update.value.kind.value;
    if (lane !== undefined) presets.laneChanged(lane, removed);
  });

  const cluster = clusterActions({
    api: kube.connect(),
    namespace,
    deployment: options.deployment,
    controlPort: options['control-port'],
    truth,
    events: hub,
  });
  const ages = new ConnectionAges({
    pods: () => truth.pods(),
    control: (ip, change) => controlPod(ip, options['control-port'], change),
    told: (uid, change) => truth.setBehavior(uid, change),
    events: hub,
    timers,
    initial: loadAge(options['state-dir']),
    save: (age) => {
      try {
        saveAge(options['state-dir'], age);
      } catch (error) {
        log.warn({ err: error }, 'the age of connections could not be saved; a restart would forget it');
      }
    },
  });
  ages.start();
  hub.subscribe((update) => {
    if (update.case === 'event' && update.value.kind.case === 'podReady') ages.onReady();
  });

  const agent: Agent = {
    startTraffic: (laneId) => lanes.setRunning(laneId, true),
    stopTraffic: (laneId) => lanes.setRunning(laneId, false),
    setTraffic: (laneId, change) => lanes.setTraffic(laneId, change),
    newRun: () =>
      new Promise((resolve) =>
        fleet.newRun(() => {
          const runId = hub.newRun('new run');
          lanes.newRun();
          resolve({ runId });
        }),
      ),
    putLane: (spec) => lanes.put(spec),
    removeLane: (laneId) => lanes.remove(laneId),
    laneIds: () => lanes.ids,
    wanted: (laneId) => lanes.wanted(laneId),
    addPreset: (presetId, choices) => presets.add(presetId, choices),
    applyPreset: (presetId) => presets.apply(presetId),
    presetObjects: (presetId) => presets.objects(presetId),
    encodingBenchmark: () => benchmark.run(),
    ...cluster,
    setMaxConnectionAge: (ageMs, graceMs) => ages.set({ ageMs, graceMs }),
  };
  const ceilings = {
    ratePerSecond: options['most-rate'],
    concurrency: options['most-concurrency'],
    replicas: options['most-replicas'],
  };

  // Scenarios act through the same port as the API; what an earlier one left behind is put back first.
  const lab = options['lab-url'] === undefined ? undefined : labPort(options['lab-url'], laneUser);
  const runner = new Runner({
    agent,
    hub,
    clock,
    timers,
    edge: () => fleet.edge(),
    deployment: cluster,
    lab,
    store: restoreFile(options['state-dir'], (fault) => log.error({}, fault)),
    newId: randomUUID,
  });
  const scenarios = createScenarios({
    library: libraryOf(options['scenarios-dir']),
    presets: presetsOf(names),
    runner,
    ceilings,
    hasLab: lab !== undefined,
  });
  void runner.recover(saved !== undefined);

  const files = {
    control: options['control-token-file'],
    vote: options['vote-token-file'],
    view: options['view-token-file'],
  };
  const api = await startApi({
    hub,
    agent,
    runs: library,
    scenarios,
    clock,
    reportedTo: (id) => fleet.reportedTo(id),
    latency,
    host: options.host,
    port: options['agent-port'],
    dashboardPort: options['dashboard-port'],
    allowedHosts: options['allowed-hosts'],
    tokens: Object.values(files).some((file) => file !== undefined)
      ? tokenFiles(files, clock.now, (fault) => log.warn({}, fault))
      : undefined,
    viewing: options.viewing,
    ceilings,
    log,
  });
  log.info({ url: api.url, cluster: kube.server, namespace }, 'the agent answers');
  process.stdout.write(`${JSON.stringify({ agent: 'ready', url: api.url })}\n`);

  let ending = false;
  const end = async (why: string): Promise<void> => {
    if (ending) return;
    ending = true;
    log.info(why);
    // A hung peer must not hold the end up.
    setTimeout(() => process.exit(0), 4_000).unref();
    await Promise.race([runner.stop(), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
    hub.emit({ kind: { case: 'agentState', value: { state: 'stopping', reason: why } } });
    firstPods.stop();
    peers.stop();
    ages.stop();
    truth.stop();
    await Promise.race([recorder?.close(), new Promise((resolve) => setTimeout(resolve, closeRecordingMs))]);
    await api.close();
    await lanes.stop();
    await fleet.stop();
    hub.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void end('asked to end'));
  process.on('SIGINT', () => void end('interrupted'));
  endWithStdin(() => void end('the supervisor is gone'));
}

const fatal = (what: string) => (error: unknown) => {
  process.stderr.write(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
};
// A fault nobody foresaw: the state can't be trusted any more. The supervisor starts a new agent, which resumes.
process.on('uncaughtException', fatal('the agent ends on an unforeseen fault'));
process.on('unhandledRejection', fatal('the agent ends on an unforeseen rejection'));

const parsed = parseAgentOptions(process.argv.slice(2), process.env);
if (parsed.kind === 'faults') {
  process.stderr.write(`The agent's options are not right:\n${parsed.faults.map((fault) => `  ${fault}\n`).join('')}`);
  process.exit(2);
}
const role = parsed.options.role === 'worker' ? runWorker(parsed.options, version) : main(parsed.options);
role.catch(fatal('the agent could not start'));
