/** The closed vocabularies that travel as strings in the protocol, so that JSON reads as people speak. */

export const errorClasses = [
  'refused',
  'reset',
  'goaway_unprocessed',
  'deadline',
  'no_endpoints',
  'unavailable',
  'unauthenticated',
  'permission_denied',
  'status_other',
  'protocol',
] as const;
export type ErrorClass = (typeof errorClasses)[number];

export const rpcKinds = ['unary', 'server_stream', 'client_stream', 'bidi'] as const;
export type RpcKind = (typeof rpcKinds)[number];

export const resolvers = ['static', 'dns', 'kubernetes'] as const;
export type Resolver = (typeof resolvers)[number];

export const policies = ['pick_first', 'round_robin', 'least_request', 'random'] as const;
export type Policy = (typeof policies)[number];

/** Whose behaviour of the resolver: the first four of dns, kuberesolver of kubernetes. */
export const profiles = ['grpc-go', 'grpc-js', 'grpc-java', 'poll', 'kuberesolver'] as const;
export type Profile = (typeof profiles)[number];
export type DnsProfileName = Exclude<Profile, 'kuberesolver'>;

/** Which software makes a lane's calls. */
export const clients = ['lbscope', 'connect-node', 'grpc-js', 'http1-json'] as const;

/** gRPC's status codes by name, in the order of their numbers from 0. */
export const grpcCodes = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;
