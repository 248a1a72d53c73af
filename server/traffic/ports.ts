/**
 * Which pod stands behind an address, and whether the truth counts it as ready. The recorder asks for each failure, and for
 * each pod whenever something changed; both must be cheap. Implemented over the truth watch, or a copy of what it knows.
 */
export interface Attribution {
  /** Grows with every change of what the others answer. */
  readonly version: number;
  /** UID of the pod that had this "ip:port" at that instant (milliseconds of the agent's clock). */
  podAt(address: string, at: number): string | undefined;
  /** The pod with that UID or name, if there is one now. */
  podNamed(name: string): { readonly uid: string; readonly incarnation: number } | undefined;
  /** When the truth saw the pod leave the ready set; undefined while it is in it, and for pods it has not told of. */
  notReadySince(uid: string): number | undefined;
}
