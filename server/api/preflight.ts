import { type DescMethod, fromBinary, fromJsonString } from '@bufbuild/protobuf';
import { checkJson, checkMessage } from './check.ts';
import { requestRules } from './rules.ts';

/** Flag of an enveloped message that is compressed (Connect protocol, "Streaming-Request"). */
const compressedFlag = 1;

/**
 * Looks at a whole request body before Connect does. Connect's own messages for bad JSON name neither the value nor
 * what is allowed, and in the handler the value that the caller wrote is gone. Undefined when all is well.
 */
export function preflight(method: DescMethod, contentType: string, body: Uint8Array): string | undefined {
  const rules = requestRules[method.name] ?? { fields: {} };
  const streaming = contentType.startsWith('application/connect+');
  let bytes = body;
  if (streaming) {
    if (body.length < 5) return 'the body is shorter than the five bytes that precede a message of a stream';
    const length = new DataView(body.buffer, body.byteOffset).getUint32(1);
    if ((body[0] as number) & compressedFlag) return 'the message is compressed: allowed is a plain one';
    if (length !== body.length - 5) {
      return `the message says it has ${length} bytes: allowed is one message, and ${body.length - 5} bytes follow`;
    }
    bytes = body.subarray(5);
  }
  const faults = contentType.endsWith('json') ? checkText(method, bytes) : checkBytes(method, bytes);
  return faults.length === 0 ? undefined : faults.join('; ');

  function checkText(desc: DescMethod, text: Uint8Array): string[] {
    let json: unknown;
    let string: string;
    try {
      string = new TextDecoder('utf-8', { fatal: true }).decode(text);
      json = JSON.parse(string);
    } catch (error) {
      return [`the body is not JSON (${reason(error)}): allowed is an object such as {}`];
    }
    const found = checkJson(rules, json);
    if (found.length > 0) return found;
    try {
      // Says what JSON.parse does not see, such as a key that stands twice.
      fromJsonString(desc.input, string);
      return [];
    } catch (error) {
      return [reason(error)];
    }
  }

  function checkBytes(desc: DescMethod, message: Uint8Array): string[] {
    try {
      return checkMessage(rules, fromBinary(desc.input, message));
    } catch (error) {
      return [`the body is not a ${desc.input.name} (${reason(error)})`];
    }
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
