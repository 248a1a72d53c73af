import { EventSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { clients, grpcCodes, policies, profiles, resolvers, rpcKinds } from '../../model/words.ts';
import { exportFormats } from '../recording/exchange/formats.ts';
import { checkLaneSpec } from './lane-spec.ts';
import { checkPreset } from './preset-request.ts';

/** What one field of a request may hold. Names are those of the JSON, which are also the generated code's. */
export type Rule = { readonly required?: boolean } & (
  | {
      readonly kind: 'number';
      readonly min: number;
      readonly max: number;
      readonly whole: boolean;
      /** In place of "from min to max", and what lies between them and is not allowed. */
      readonly allowed?: string;
      readonly except?: (value: number) => boolean;
    }
  | { readonly kind: 'bool' }
  | { readonly kind: 'word'; readonly words: readonly string[]; readonly mayBeEmpty?: boolean }
  | { readonly kind: 'text'; readonly allowed: string; readonly pattern: RegExp; readonly mayBeEmpty?: boolean }
  | { readonly kind: 'instant' }
  | { readonly kind: 'bytes'; readonly most: number }
  | { readonly kind: 'list'; readonly item: Rule; readonly most: number }
  | { readonly kind: 'message'; readonly request: RequestRules }
);

/** Values as they came: of the right type and in range, or absent. */
export type Values = Readonly<Record<string, unknown>>;

export interface RequestRules {
  readonly fields: Readonly<Record<string, Rule>>;
  /** What no single field can say: each fault a sentence. Called with values that are right by themselves. */
  readonly together?: (values: Values, path: string) => readonly string[];
}

const whole = (min: number, max: number): Rule => ({ kind: 'number', min, max, whole: true });
const number = (min: number, max: number): Rule => ({ kind: 'number', min, max, whole: false });
const required = (rule: Rule): Rule => ({ ...rule, required: true });

/** gRFC A9. Below 100 ms a connection would hardly carry a call. */
const connectionAge: Rule = {
  kind: 'number',
  min: -1,
  max: 86_400_000,
  whole: true,
  allowed: '-1 for none, or a whole number from 100 to 86400000',
  except: (value) => value !== -1 && value < 100,
};
const connectionGrace: Rule = {
  kind: 'number',
  min: -1,
  max: 86_400_000,
  whole: true,
  allowed: '-1 for ever, or a whole number from 0 to 86400000',
};

const laneId: Rule = {
  kind: 'text',
  allowed: 'the id of a lane: 1 to 32 of a-z, 0-9 and -',
  pattern: /^[a-z0-9-]{1,32}$/,
};
/** Names of pods are DNS subdomains of at most 253 characters; UIDs fit the same form. */
const pod: Rule = {
  kind: 'text',
  allowed: 'the name or UID of a pod',
  pattern: /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/,
};
/** On the screen, in one line: no control characters. */
const line = (most: number): Rule => ({
  kind: 'text',
  allowed: `one line of at most ${most} characters`,
  pattern: new RegExp(`^\\P{Cc}{1,${most}}$`, 'u'),
  mayBeEmpty: true,
});

const hostName: Rule = {
  kind: 'text',
  allowed: 'a host name, or nothing',
  pattern: /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$/,
  mayBeEmpty: true,
};

/** gRFC A6: at most five attempts; backoffs above a minute would outlive every deadline. */
const retry: RequestRules = {
  fields: {
    maxAttempts: required(whole(2, 5)),
    initialBackoffMs: required(whole(1, 60_000)),
    maxBackoffMs: required(whole(1, 60_000)),
    backoffMultiplier: required(number(0.1, 10)),
    codes: required({ kind: 'list', item: { kind: 'word', words: grpcCodes }, most: grpcCodes.length }),
    budgetTokens: number(0, 1_000),
    budgetRatio: number(0, 1_000),
  },
};

const method: RequestRules = {
  fields: {
    path: required({
      kind: 'text',
      allowed: '/package.Service/Method',
      pattern: /^\/[A-Za-z_][\w.]{0,200}\/[A-Za-z_]\w{0,100}$/,
    }),
    requestJson: {
      kind: 'text',
      allowed: 'JSON of at most 65536 characters',
      pattern: /^[\s\S]{0,65536}$/,
      mayBeEmpty: true,
    },
    descriptors: { kind: 'bytes', most: 1024 * 1024 },
    answeredBy: {
      kind: 'text',
      allowed: 'field:path.to.field, header:name, trailer:name, address or none',
      pattern: /^(field:[A-Za-z_][\w.]{0,200}|(header|trailer):[a-z0-9_.-]{1,100}|address|none)$/,
      mayBeEmpty: true,
    },
  },
};

const presetId: Rule = { kind: 'text', allowed: 'the id of a preset', pattern: /^[a-z0-9-]{1,64}$/ };
const tls: Rule = {
  kind: 'message',
  request: { fields: { serverName: hostName, ownCa: { kind: 'bool' }, callCredentials: { kind: 'bool' } } },
};

const lane: RequestRules = {
  fields: {
    id: required(laneId),
    label: line(80),
    target: required({
      kind: 'text',
      allowed: 'host:port, or service.namespace:port for the resolver kubernetes',
      pattern: /^\S{1,300}$/,
    }),
    resolver: required({ kind: 'word', words: resolvers }),
    policy: required({ kind: 'word', words: policies }),
    connections: whole(0, 1_000),
    profile: { kind: 'word', words: profiles, mayBeEmpty: true },
    envoyStatus: {
      kind: 'text',
      allowed: 'host:port of a proxy status listener, or nothing',
      pattern: /^\S{1,300}$/,
      mayBeEmpty: true,
    },
    // Below 1 s a lookup would load the name server; above a day it is no polling.
    pollIntervalSeconds: number(0, 86_400),
    mechanism: line(120),
    client: { kind: 'word', words: clients, mayBeEmpty: true },
    keepAlive: { kind: 'bool' },
    tls,
    retry: { kind: 'message', request: retry },
    waitForReady: { kind: 'bool' },
    keepaliveTimeMs: whole(0, 86_400_000),
    keepaliveTimeoutMs: whole(0, 600_000),
    method: { kind: 'message', request: method },
    resolutionFloorSeconds: number(0, 86_400),
    dnsCacheTtlSeconds: whole(-1, 86_400),
    idleTimeoutSeconds: number(0, 86_400),
    shuffle: { kind: 'bool' },
    choices: whole(0, 10),
    preset: { ...presetId, mayBeEmpty: true },
  },
  together: checkLaneSpec,
};

/** The largest gRPC message that common servers take is 16 MiB here; a kilobyte is left for the other fields. */
const mostPayload = 16 * 1024 * 1024 - 1_024;
const trafficFields = [
  'ratePerSecond',
  'concurrency',
  'connections',
  'kind',
  'messagesPerStream',
  'payloadBytes',
  'deadlineMs',
  'thinkTimeMs',
  'messageIntervalMs',
] as const;

const runId: Rule = { kind: 'text', allowed: 'the runId of a run', pattern: /^[\w-]{1,64}$/ };
const tag: Rule = { kind: 'text', allowed: '1 to 40 characters in one line', pattern: /^\P{Cc}{1,40}$/u };
const eventKinds = EventSchema.oneofs.flatMap((oneof) => (oneof.name === 'kind' ? oneof.fields : []));
const scenarioId: Rule = {
  kind: 'text',
  allowed: 'the id of a scenario: 1 to 64 of a-z, 0-9 and -',
  pattern: /^[a-z0-9][a-z0-9-]{0,63}$/,
};
/** Below the body's limit, with room for its JSON escapes. */
const scenarioText: Rule = {
  kind: 'text',
  allowed: 'a scenario as YAML of at most 48000 characters',
  pattern: /^[\s\S]{1,48000}$/,
};
/** Of a scenario's questions, from 0. */
const question = whole(0, 99);

/** By method name. The ranges are those of the comments in events.proto and agent.proto. */
export const requestRules: Readonly<Record<string, RequestRules>> = {
  GetSnapshot: { fields: { runId, at: { kind: 'instant' } } },
  Watch: {
    fields: {
      runId: { kind: 'text', allowed: 'the runId of a snapshot', pattern: /^[\w-]{1,64}$/ },
      afterSequence: whole(0, Number.MAX_SAFE_INTEGER),
    },
    together: ({ runId, afterSequence }) =>
      (runId === undefined) === (afterSequence === undefined)
        ? []
        : ['runId and afterSequence name a position together: give both, or neither for a snapshot'],
  },
  ReadHistory: {
    fields: {
      runId,
      from: { kind: 'instant' },
      to: { kind: 'instant' },
      resolutionMs: number(200, 3_600_000),
      eventKinds: {
        kind: 'list',
        item: { kind: 'word', words: eventKinds.map(({ jsonName }) => jsonName) },
        most: eventKinds.length,
      },
    },
  },
  ListRuns: {
    fields: {
      search: { ...line(200) },
      pageSize: whole(1, 500),
      pageToken: {
        kind: 'text',
        allowed: 'the nextPageToken of the page before',
        pattern: /^[\w.-]{1,120}$/,
        mayBeEmpty: true,
      },
    },
  },
  GetRun: { fields: { runId: required(runId) } },
  UpdateRun: {
    fields: {
      runId: required(runId),
      name: line(120),
      tags: { kind: 'message', request: { fields: { list: { kind: 'list', item: tag, most: 20 } } } },
      notes: {
        kind: 'text',
        allowed: 'text of at most 10000 characters',
        pattern: /^[\P{Cc}\t\n\r]{0,10000}$/u,
        mayBeEmpty: true,
      },
    },
    together: ({ name, tags, notes }) =>
      [name, tags, notes].some((value) => value !== undefined)
        ? []
        : ['nothing to change: give at least one of name, tags, notes'],
  },
  DeleteRun: { fields: { runId: required(runId) } },
  UndeleteRun: { fields: { runId: required(runId) } },
  ExportRun: {
    fields: {
      runId: required(runId),
      format: required({ kind: 'word', words: exportFormats }),
      resolutionMs: number(200, 3_600_000),
    },
  },
  ImportRun: {
    fields: {
      importId: { kind: 'text', allowed: 'the importId of the answer before', pattern: /^[\w-]{1,64}$/ },
      offset: whole(0, Number.MAX_SAFE_INTEGER),
      data: required({ kind: 'bytes', most: 1024 * 1024 }),
      last: { kind: 'bool' },
    },
  },
  StartTraffic: { fields: { laneId } },
  StopTraffic: { fields: { laneId } },
  SetTraffic: {
    fields: {
      laneId,
      ratePerSecond: number(0.1, 100_000),
      concurrency: whole(1, 10_000),
      connections: whole(1, 1_000),
      kind: { kind: 'word', words: rpcKinds },
      messagesPerStream: whole(1, 1_000_000),
      payloadBytes: whole(0, mostPayload),
      deadlineMs: whole(1, 600_000),
      thinkTimeMs: whole(0, 600_000),
      messageIntervalMs: whole(0, 600_000),
    },
    together(values) {
      if (values.ratePerSecond !== undefined && values.concurrency !== undefined) {
        return [
          `ratePerSecond is ${values.ratePerSecond} and concurrency is ${values.concurrency}: allowed is one of them, ` +
            'as a rate opens the loop and a concurrency closes it',
        ];
      }
      return trafficFields.some((field) => values[field] !== undefined)
        ? []
        : [`nothing to change: give at least one of ${trafficFields.join(', ')}`];
    },
  },
  NewRun: { fields: {} },
  PutLane: { fields: { lane: { kind: 'message', request: lane, required: true } } },
  ListPresets: { fields: { presetId } },
  RunEncodingBenchmark: { fields: {} },
  AddPreset: {
    fields: {
      presetId: required(presetId),
      laneId,
      target: { kind: 'text', allowed: 'host:port', pattern: /^\S{1,300}$/ },
      tls,
      workers: whole(1, 16),
      method: { kind: 'message', request: method },
    },
    together: checkPreset,
  },
  RemoveLane: { fields: { laneId: required(laneId) } },
  ScaleDeployment: { fields: { replicas: required(whole(0, 200)) } },
  DeletePod: { fields: { pod: required(pod), gracePeriodSeconds: whole(0, 86_400) } },
  RestartRollout: { fields: {} },
  SetPodBehavior: {
    fields: {
      pod: required(pod),
      ready: { kind: 'bool' },
      delayMs: number(0, 600_000),
      errorRate: number(0, 1),
      crash: { kind: 'bool' },
      maxConnectionAgeMs: connectionAge,
      maxConnectionAgeGraceMs: connectionGrace,
    },
    together({ ready, delayMs, errorRate, crash, maxConnectionAgeMs, maxConnectionAgeGraceMs }) {
      const settings = [ready, delayMs, errorRate, maxConnectionAgeMs, maxConnectionAgeGraceMs];
      const others = settings.some((value) => value !== undefined);
      if (crash === true && others) {
        return ['crash is true: allowed is crash alone, as a pod that crashed forgets its other behaviour'];
      }
      return crash === true || others
        ? []
        : [
            'nothing to change: give at least one of ready, delayMs, errorRate, maxConnectionAgeMs, maxConnectionAgeGraceMs, or crash: true',
          ];
    },
  },
  SetMaxConnectionAge: { fields: { ageMs: required(connectionAge), graceMs: connectionGrace } },
  ListScenarios: { fields: {} },
  GetScenario: { fields: { id: required(scenarioId) } },
  CheckScenario: { fields: { text: required(scenarioText) } },
  StartScenario: {
    fields: { id: scenarioId, text: scenarioText, guided: { kind: 'bool' }, by: line(80) },
    together: ({ id, text }) =>
      (id === undefined) === (text === undefined) ? ['give either id, of a scenario that ships, or text, of one'] : [],
  },
  PauseScenario: { fields: { paused: required({ kind: 'bool' }) } },
  NextStep: { fields: {} },
  AbortScenario: { fields: {} },
  CastVote: {
    fields: {
      question: required(question),
      voter: required({
        kind: 'text',
        allowed: 'a name that the device made up: 8 to 64 of letters, digits, - and _',
        pattern: /^[\w-]{8,64}$/,
      }),
      choice: required(whole(0, 99)),
    },
  },
  RevealVotes: { fields: { question: required(question) } },
};
