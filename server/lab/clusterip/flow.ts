import { connect, type Socket } from 'node:net';

/**
 * One established flow: bytes both ways, half-close and reset passed on as what they are.
 * It lives until its two ends close it; no rule change ever touches it (conntrack keeps TCP flows).
 *
 * A kernel that rewrites the address passes a dead pod's refusal on to the client's SYN. In user space the client is
 * connected before the pod is asked, so a refused pod becomes a reset at once.
 */
export function startFlow(
  client: Socket,
  backend: { host: string; port: number },
  onClose: () => void,
): { destroy(): void } {
  const server = connect({ ...backend, allowHalfOpen: true, noDelay: true });
  client.setNoDelay(true);
  let open = 2;
  const join = (from: Socket, to: Socket) => {
    // pipe() ends `to` when `from` ends (FIN) and holds `from` back while `to` is full.
    from.pipe(to);
    from.on('error', () => {
      // A reset, or a connect that failed: the other side sees a reset too.
      if (!to.destroyed) to.resetAndDestroy();
    });
    from.on('close', () => {
      // Closed without an end of its own: nothing more will come, and a half-open peer must not wait for it.
      if (!from.readableEnded && !to.destroyed) to.resetAndDestroy();
      open -= 1;
      if (open === 0) onClose();
    });
  };
  join(client, server);
  join(server, client);
  return {
    destroy() {
      client.resetAndDestroy();
      server.resetAndDestroy();
    },
  };
}
