/** What RBAC decides by, and how often it was asked for. */
export interface LoggedRequest {
  readonly user: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  /** Of the object; also where a list or watch selects one by `metadata.name`, as a cluster's authorizer sees it. '': none. */
  readonly name: string;
  count: number;
  denied: number;
}

type Asked = Omit<LoggedRequest, 'count' | 'denied'>;

/** Names of pods differ for ever; what comes past this many is counted, not told apart. */
const mostEntries = 5_000;

/** Every request to a resource by who asked and what for: an audit log that counts. */
export class RequestLog {
  readonly #entries = new Map<string, LoggedRequest>();
  #dropped = 0;

  add(asked: Asked, allowed: boolean): void {
    const { user, verb, group, resource, subresource, namespace, name } = asked;
    const key = JSON.stringify([user, verb, group, resource, subresource, namespace, name]);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      if (this.#entries.size >= mostEntries) {
        this.#dropped++;
        return;
      }
      entry = { user, verb, group, resource, subresource, namespace, name, count: 0, denied: 0 };
      this.#entries.set(key, entry);
    }
    entry.count++;
    if (!allowed) entry.denied++;
  }

  read(): { requests: LoggedRequest[]; dropped: number } {
    return { requests: [...this.#entries.values()], dropped: this.#dropped };
  }

  clear(): void {
    this.#entries.clear();
    this.#dropped = 0;
  }
}
