/** Tells Envoys who is ready behind a Service, as the Kubernetes API pushes it. README.md lists its environment. */
import { nodeTimers } from '../events/clock.ts';
import { connectKube } from '../kube/connect.ts';
import { createSliceWatch } from '../kube/slices.ts';
import { createLog } from '../process/log.ts';
import { endWithStdin } from '../process/stdin-life.ts';
import { Endpoints } from './endpoints.ts';
import { startAds } from './server.ts';
import { readSettings } from './settings.ts';

process.stdout.on('error', () => {});
const log = createLog('ads', process.env);
const fault = (message: string): never => {
  log.error(message);
  process.exit(2);
};

const parsed = readSettings(process.env);
if (!parsed.ok) fault(parsed.faults.join('; '));
else {
  const { namespace, service, servicePort, cluster, port, listenAddress, kubeServer } = parsed.settings;
  const kube = connectKube({ server: kubeServer });
  if (kube.kind === 'fault') fault(kube.message);
  else {
    // Versions of an earlier life of this program must not be taken for this one's.
    const endpoints = new Endpoints(cluster, Date.now().toString(36));
    const slices = createSliceWatch({ connect: kube.connect, timers: nodeTimers, random: Math.random });
    const watch = slices.watch({ namespace, name: service }, servicePort, {
      onEndpoints(addresses) {
        if (endpoints.set(addresses)) log.info({ addresses: addresses.length }, 'endpoints');
      },
      onState: (state, message) => log[state === 'forbidden' ? 'error' : 'info']({ state }, message || 'the watch'),
    });
    const ads = await startAds({
      endpoints,
      host: listenAddress,
      port,
      onHeard: (node, heard) => log[heard.t === 'nack' ? 'error' : 'info']({ node, ...heard }, 'Envoy'),
    });
    log.info({ address: `${listenAddress}:${ads.port}` }, 'serving');
    let ending = false;
    const end = () => {
      if (ending) process.exit(1);
      ending = true;
      watch.stop();
      void ads.close().then(() => process.exit(0));
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    endWithStdin(end);
  }
}
