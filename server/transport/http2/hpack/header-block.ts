/** One decoded header block: the head of an answer, or its trailers. Never changed, and shared by all calls with the same bytes. */
export class HeaderBlock {
  readonly fields: ReadonlyMap<string, string>;
  /** `:status`, 0 where there is none. */
  readonly status: number;
  /** `grpc-status` as it came. */
  readonly grpcStatus: string | undefined;
  /** Whether the body is gRPC's. */
  readonly isGrpc: boolean;
  /** The head of a gRPC answer and nothing besides: 200, gRPC's content type, no status of the call yet. */
  readonly plainHead: boolean;
  /** Trailers that say OK. */
  readonly plainTrailers: boolean;
  /** Why the block breaks RFC 9113, 8.2 and 8.3, or is longer than we allow. */
  readonly fault: string | undefined;
  private lastTrailers: HeaderBlock | undefined;
  private lastMerged: ReadonlyMap<string, string> | undefined;

  constructor(fields: ReadonlyMap<string, string>, fault: string | undefined) {
    this.fields = fields;
    const status = fields.get(':status');
    this.status = status === undefined || !/^[1-9]\d\d$/.test(status) ? 0 : Number(status);
    this.grpcStatus = fields.get('grpc-status');
    this.fault = fault;
    this.isGrpc = /^application\/grpc(?:$|[+;])/i.test(fields.get('content-type') ?? '');
    const good = fault === undefined;
    this.plainHead = good && this.status === 200 && this.grpcStatus === undefined && this.isGrpc;
    this.plainTrailers = good && status === undefined && this.grpcStatus === '0';
  }

  /** Head and trailers in one map; kept, as answers of one method mostly look alike. */
  with(trailers: HeaderBlock): ReadonlyMap<string, string> {
    if (trailers === this) return this.fields;
    if (this.lastTrailers === trailers && this.lastMerged !== undefined) return this.lastMerged;
    const merged = new Map(this.fields);
    for (const [name, value] of trailers.fields) merged.set(name, value);
    this.lastTrailers = trailers;
    this.lastMerged = merged;
    return merged;
  }
}
