export interface LogOptions {
  readonly container?: string;
  readonly tailLines?: number;
  /** Keep sending lines until the container ends or `signal` aborts. */
  readonly follow?: boolean;
  /** The life of the container before its last restart. */
  readonly previous?: boolean;
  readonly sinceSeconds?: number;
  /** Only lines written at or after this instant, milliseconds since the epoch. */
  readonly sinceTime?: number;
  readonly timestamps?: boolean;
  readonly limitBytes?: number;
  /** Aborted when the reader went away. */
  readonly signal?: AbortSignal;
}

/**
 * Where the API server gets a container's output: the kubelet implements it. Asked for each `kubectl logs`.
 * `uid` is the pod's. Undefined when there is no such log (yet): the client is told so. Chunks are passed on as they come.
 */
export interface LogSource {
  read(
    uid: string,
    options: LogOptions,
  ):
    | Promise<string | Iterable<string> | AsyncIterable<string> | undefined>
    | string
    | Iterable<string>
    | AsyncIterable<string>
    | undefined;
}
