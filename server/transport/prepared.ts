import type { Connection, PreparedSink, PreparedUnary, UnaryRequest } from './port.ts';

/**
 * A prepared call in terms of unary(), for transports whose library knows nothing cheaper. A promise a call is little beside
 * what such a library costs.
 */
export function prepareOnUnary(connection: Connection, request: UnaryRequest, sink: PreparedSink): PreparedUnary {
  return {
    send(slot) {
      void connection.unary(request).then((outcome) => {
        // As a warning: a rejection nobody handles would end the process.
        try {
          const at = performance.now();
          if (outcome.ok) {
            sink.onMessage(slot, outcome.message, 0, outcome.message.length);
            sink.onAnswered(slot, outcome.headers, at);
          } else {
            sink.onFailed(slot, outcome, at);
          }
        } catch (error) {
          process.emitWarning(error instanceof Error ? error : String(error));
        }
      });
    },
  };
}
