import { generateKeyPairSync, sign } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate for one name or IPv4 address that signs itself, made anew each time, so that no key lies in the repository. */
export function selfSigned(name: string): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const day = 86_400_000;
  const subject = sequence(set(sequence(oid(2, 5, 4, 3), utf8('lbscope test'))));
  const algorithm = sequence(oid(1, 2, 840, 10045, 4, 3, 2)); // ecdsa-with-SHA256
  const altName = isIPv4(name)
    ? node(0x87, Buffer.from(name.split('.').map(Number)))
    : node(0x82, Buffer.from(name, 'latin1'));
  // RFC 5280, 4.1: TBSCertificate, version 3.
  const body = sequence(
    node(0xa0, integer(2)),
    integer(Date.now() % 0x7fffffff),
    algorithm,
    subject,
    sequence(utcTime(Date.now() - day), utcTime(Date.now() + day)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    node(
      0xa3,
      sequence(
        sequence(oid(2, 5, 29, 17), node(0x04, sequence(altName))),
        // A certificate authority, of itself: basicConstraints { cA TRUE }.
        sequence(
          oid(2, 5, 29, 19),
          node(0x01, Buffer.from([0xff])),
          node(0x04, sequence(node(0x01, Buffer.from([0xff])))),
        ),
      ),
    ),
  );
  const signature = sign('sha256', body, privateKey);
  const der = sequence(body, algorithm, node(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der
    .toString('base64')
    .match(/.{1,64}/g)
    ?.join('\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

// DER (X.690): tag, length, value.

function node(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), value]);
}

const sequence = (...parts: readonly Uint8Array[]) => node(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]) => node(0x31, ...parts);
const utf8 = (text: string) => node(0x0c, Buffer.from(text));

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(value, 1);
  let at = 0;
  // The shortest form whose first bit is 0.
  while (at < 4 && bytes[at] === 0 && (bytes[at + 1] as number) < 0x80) at++;
  return node(0x02, bytes.subarray(at));
}

function oid(first: number, second: number, ...rest: readonly number[]): Buffer {
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return node(0x06, Buffer.from(bytes));
}

function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
  return node(0x17, Buffer.from(`${digits}Z`, 'latin1'));
}
