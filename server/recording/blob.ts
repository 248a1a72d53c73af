import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Event, Frame } from '../../gen/lbscope/events/v1/events_pb.js';
import { EventSchema } from '../../gen/lbscope/events/v1/events_pb.js';
import { BatchSchema, type Keyframe, KeyframeSchema } from '../../gen/lbscope/recording/v1/recording_pb.js';
import { DamagedError } from './fault.ts';

/** A chunk of ten seconds has some 300 KB before compression; nothing that lbscope wrote comes near this. */
const largest = 256 * 1024 * 1024;

export function packFrames(frames: readonly Frame[]): Uint8Array {
  return zstdCompressSync(toBinary(BatchSchema, create(BatchSchema, { frames: [...frames] })));
}

export function unpackFrames(body: Uint8Array): Frame[] {
  return reading('frames', () => fromBinary(BatchSchema, unpack(body)).frames);
}

export function packKeyframe(keyframe: Keyframe): Uint8Array {
  return zstdCompressSync(toBinary(KeyframeSchema, keyframe));
}

export function unpackKeyframe(body: Uint8Array): Keyframe {
  return reading('a keyframe', () => fromBinary(KeyframeSchema, unpack(body)));
}

export function unpackEvent(body: Uint8Array): Event {
  return reading('an event', () => fromBinary(EventSchema, body));
}

function unpack(body: Uint8Array): Uint8Array {
  return zstdDecompressSync(body, { maxOutputLength: largest });
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new DamagedError(`${what} cannot be read`);
  }
}
