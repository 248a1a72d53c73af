import type { Picker, PolicySubchannel } from './port.ts';
import { ReadyChildren } from './ready-children.ts';

/**
 * Any READY child, each call for itself: what spreading by chance looks like beside round_robin. No gRPC client brings
 * it; Envoy and proxyless meshes call it RANDOM.
 */
export class RandomPolicy<S extends PolicySubchannel> extends ReadyChildren<S> {
  readonly name = 'random';

  protected makePicker(ready: readonly S[]): Picker<S> {
    const { random } = this.helper;
    const results = ready.map((subchannel, index) => ({
      t: 'complete' as const,
      subchannel,
      how: `random, ${index + 1} of ${ready.length}`,
    }));
    return { pick: () => results[Math.floor(random() * results.length)] as (typeof results)[number] };
  }
}
