import { connect } from 'node:net';
import type { Flow } from './story.ts';

/** A connection to a pod of pod.ts, by whatever way. */
export function dial(host: string, port: number): Promise<Flow | 'refused'> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let heard = '';
    const waiting: { resolve(pod: number): void; reject(error: Error): void }[] = [];
    const failed = (error: Error): void => {
      for (const one of waiting.splice(0)) one.reject(error);
    };
    const flow = (pod: number): Flow => ({
      pod,
      echo: () =>
        new Promise((done, cut) => {
          waiting.push({ resolve: done, reject: cut });
          socket.write('?\n');
        }),
      close: () => socket.destroy(),
    });
    waiting.push({ resolve: (pod) => resolve(flow(pod)), reject });
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      heard += text;
      for (let end = heard.indexOf('\n'); end >= 0; end = heard.indexOf('\n')) {
        waiting.shift()?.resolve(Number(heard.slice(0, end)));
        heard = heard.slice(end + 1);
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve('refused');
      failed(error);
    });
    socket.on('close', () => failed(new Error('the connection was cut')));
  });
}
