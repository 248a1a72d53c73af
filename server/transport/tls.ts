import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import type { Address, ConnectOptions, TlsOptions } from './port.ts';

/** node:tls's options for a connection that speaks HTTP/2 over TLS. */
export function tlsOptions(address: Address, options: ConnectOptions, tls: TlsOptions): ConnectionOptions {
  const name = tls.serverName ?? hostOf(options.authority);
  return {
    host: address.host,
    port: address.port,
    ALPNProtocols: ['h2'],
    // SNI carries names only (RFC 6066, 3).
    ...(isIP(name) === 0 ? { servername: name } : {}),
    // Without SNI, Node would check the certificate against the address that was dialled.
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
  };
}

function hostOf(authority: string): string {
  const bracketed = /^\[(.*)\](?::\d+)?$/.exec(authority);
  return bracketed?.[1] ?? authority.replace(/:\d+$/, '');
}
