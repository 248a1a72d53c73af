import { createServer, type Server } from 'node:net';

/**
 * The lab's addresses: one 127.N.0.0/16 of its own, so that two labs on a machine never meet.
 *
 * | part | use |
 * | --- | --- |
 * | 127.N.0.1 | the lock that claims the range (a listener on `lockPort`) |
 * | 127.N.0.11, 12, 13 | the nodes |
 * | 127.N.1.1 ... 127.N.239.254 | pods, in order, never reused within a run |
 * | 127.N.255.1 ... 127.N.255.254 | Services |
 */
export interface Range {
  /** The N of 127.N.0.0/16. */
  readonly second: number;
  readonly cidr: string;
  /**
   * `own`: every pod listens on its own address. `shared`: this machine has no loopback aliases (macOS), so everything
   * listens on 127.0.0.1 with ports of its own, and podIPs are names that only the lab's own parts can dial.
   */
  readonly addresses: 'own' | 'shared';
  nodeIP(index: number): string;
  /** A pod address that was never handed out in this run; undefined when all 60,000 were. */
  nextPodIP(): string | undefined;
  /** Takes an address of an earlier run out of circulation; false when it is not of this range. */
  keepPodIP(ip: string): boolean;
  isServiceIP(ip: string): boolean;
  /**
   * A Service address not in `taken`, one after the other: an address that was given back comes last, as rules and connections
   * may still know its former owner.
   */
  freeServiceIP(taken: ReadonlySet<string>): string | undefined;
  /** Where the pod counter stands, to be stored and given to the next run. */
  readonly podCounter: number;
  release(): Promise<void>;
}

/** The port whose listener on 127.N.0.1 claims a range. Below the ephemeral ports, unassigned by IANA. */
export const lockPort = 7_799;

const firstSecond = 77;
const podsPerBlock = 254;
const podBlocks = 239;

export interface ClaimOptions {
  /** Tried first: the range of the last run, so that pods keep their addresses. */
  prefer?: number;
  /** Where the pod counter stood in the last run. */
  podCounter?: number;
  /** Forces `shared`, as on a machine without loopback aliases. */
  shared?: boolean;
}

/** Claims the first free range from 127.77 up. Throws when all are taken. */
export async function claimRange(options: ClaimOptions = {}): Promise<Range> {
  const candidates = [options.prefer, ...Array.from({ length: 178 }, (_, index) => firstSecond + index)];
  for (const second of candidates) {
    if (second === undefined || second < 1 || second > 254) continue;
    const outcome = await listen(options.shared ? '127.0.0.1' : `127.${second}.0.1`, options.shared ? 0 : lockPort);
    if (outcome.kind === 'taken') continue;
    if (outcome.kind === 'listening') {
      return createRange(second, options.shared ? 'shared' : 'own', outcome.server, options.podCounter ?? 0);
    }
    // EADDRNOTAVAIL: no loopback aliases. One range is as good as another then: nothing listens on it.
    const lock = await listen('127.0.0.1', 0);
    if (lock.kind === 'listening') return createRange(second, 'shared', lock.server, options.podCounter ?? 0);
  }
  throw new Error(`no free 127.N.0.0/16 from N = ${firstSecond} to 254: end another lab first`);
}

type ListenOutcome = { kind: 'listening'; server: Server } | { kind: 'taken' } | { kind: 'no-alias' };

function listen(host: string, port: number): Promise<ListenOutcome> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve({ kind: error.code === 'EADDRINUSE' ? 'taken' : 'no-alias' }),
    );
    server.listen({ host, port, exclusive: true }, () => {
      server.unref();
      resolve({ kind: 'listening', server });
    });
  });
}

function createRange(second: number, addresses: 'own' | 'shared', lock: Server, start: number): Range {
  const prefix = `127.${second}.`;
  let counter = start;
  let lastService = 0;
  const podIP = (index: number) => `${prefix}${1 + Math.floor(index / podsPerBlock)}.${1 + (index % podsPerBlock)}`;
  const podIndex = (ip: string): number | undefined => {
    const [first, n, block, host, ...rest] = ip.split('.').map(Number);
    if (first !== 127 || n !== second || rest.length > 0 || block === undefined || host === undefined) return undefined;
    if (!(block >= 1 && block <= podBlocks && host >= 1 && host <= podsPerBlock)) return undefined;
    return (block - 1) * podsPerBlock + host - 1;
  };
  return {
    second,
    cidr: `${prefix}0.0/16`,
    addresses,
    nodeIP: (index) => `${prefix}0.${11 + index}`,
    nextPodIP() {
      if (counter >= podBlocks * podsPerBlock) return undefined;
      return podIP(counter++);
    },
    keepPodIP(ip) {
      const index = podIndex(ip);
      if (index === undefined) return false;
      counter = Math.max(counter, index + 1);
      return true;
    },
    isServiceIP: (ip) => ip.startsWith(`${prefix}255.`),
    freeServiceIP(taken) {
      for (let tried = 0; tried < 254; tried++) {
        lastService = (lastService % 254) + 1;
        const ip = `${prefix}255.${lastService}`;
        if (!taken.has(ip)) return ip;
      }
      return undefined;
    },
    get podCounter() {
      return counter;
    },
    release: () => new Promise((resolve) => lock.close(() => resolve())),
  };
}

/** Where to connect for a pod's or Service's address and port: itself, or its stand-in on 127.0.0.1 when shared. */
export interface DialMap {
  dial(ip: string, port: number): { host: string; port: number };
  /** In shared mode, gives `ip:port` a port on 127.0.0.1; with own addresses nothing is to be done. */
  set(ip: string, port: number, localPort: number): void;
  entries(): { address: string; dial: string }[];
}

export function createDialMap(addresses: 'own' | 'shared'): DialMap {
  const map = new Map<string, number>();
  return {
    dial: (ip, port) =>
      addresses === 'own' ? { host: ip, port } : { host: '127.0.0.1', port: map.get(`${ip}:${port}`) ?? port },
    set(ip, port, localPort) {
      if (addresses === 'shared') map.set(`${ip}:${port}`, localPort);
    },
    entries: () => [...map].map(([address, port]) => ({ address, dial: `127.0.0.1:${port}` })),
  };
}
