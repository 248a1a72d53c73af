/** One kind of load on one server: so many calls at a time, over so many connections. */
export interface Load {
  readonly port: number;
  readonly concurrency: number;
  readonly connections: number;
}

export interface Slice {
  readonly calls: number;
  readonly ms: number;
  /** Of the client's process. Undefined: this machine can't tell. */
  readonly cpuUs: number | undefined;
}

export interface LoadClient {
  readonly name: string;
  /** Why it can't carry this load, if it can't. */
  refuses?(server: string): string | undefined;
  run(load: Load, ms: number): Promise<Slice>;
  close(): void;
}

export const sayHello = '/lbscope.greeter.v1.Greeter/SayHello';
