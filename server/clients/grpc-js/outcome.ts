import type { ErrorClass } from '../../transport/port.ts';

/**
 * grpc-js tells what happened in words and a code; its words are read here, for version 1.14, in one place. What is not
 * recognised counts by its code.
 */
export function classOf(code: number, details: string): ErrorClass {
  switch (code) {
    case 4:
      return 'deadline';
    case 7:
      return 'permission_denied';
    case 16:
      return 'unauthenticated';
    case 14:
      if (/ECONNREFUSED/.test(details)) return 'refused';
      if (/ECONNRESET|EPIPE|Connection dropped|socket hang up/.test(details)) return 'reset';
      if (/Name resolution failed|No addresses resolved|No connection established\. Last error: null/.test(details)) {
        return 'no_endpoints';
      }
      return 'unavailable';
    case 13:
      return /protocol|RST_STREAM/i.test(details) ? 'protocol' : 'status_other';
    default:
      return 'status_other';
  }
}
