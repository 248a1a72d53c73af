import type { Behavior } from './behavior.ts';
import type { Handler } from './grpc/handler.ts';
import { code, status } from './grpc/status.ts';
import { decodeBehaviorChange, encodeBehavior } from './messages.ts';

/** lbscope.pod.v1.PodControlService: how a pod is made to misbehave. */
export function controlHandlers(behavior: Behavior, crash: () => void): [string, Handler][] {
  const table: [string, Handler][] = [
    ['/lbscope.pod.v1.PodControlService/GetBehavior', { kind: 'unary', handle: () => encodeBehavior(behavior.values) }],
    [
      '/lbscope.pod.v1.PodControlService/SetBehavior',
      {
        kind: 'unary',
        handle(message) {
          const fault = behavior.change(decodeBehaviorChange(message));
          return fault === undefined ? encodeBehavior(behavior.values) : status(code.invalidArgument, fault);
        },
      },
    ],
    [
      '/lbscope.pod.v1.PodControlService/Crash',
      {
        kind: 'unary',
        handle() {
          crash();
          // A dead process answers nothing; its caller sees a reset.
          return new Promise(() => {});
        },
      },
    ],
  ];
  return table;
}
