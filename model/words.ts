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

export const policies = ['pick_first', 'round_robin'] as const;
export type Policy = (typeof policies)[number];

export const profiles = ['grpc-go', 'grpc-js', 'grpc-java', 'poll'] as const;
export type Profile = (typeof profiles)[number];
