import { getChannelzHandlers } from '@grpc/grpc-js';

/** What grpc-js says of itself through its own channelz (gRFC A14). */
export interface Seen {
  /** IDLE, CONNECTING, READY, TRANSIENT_FAILURE, SHUTDOWN */
  readonly state: string;
  readonly subchannels: readonly { readonly id: number; readonly address: string; readonly state: string }[];
}

type Handler = (call: { request: Record<string, number> }, done: (error: unknown, value?: unknown) => void) => void;

interface Data {
  readonly data?: { readonly state?: { readonly state?: string }; readonly target?: string };
  readonly subchannel_ref?: readonly { readonly subchannel_id: number | string }[];
}

/** Its handlers answer at once and need no server. */
function ask(name: 'GetChannel' | 'GetSubchannel', request: Record<string, number>): Data | undefined {
  const handler = getChannelzHandlers()[name] as unknown as Handler;
  let found: Data | undefined;
  handler({ request }, (_, value) => {
    const answer = value as { channel?: Data; subchannel?: Data } | undefined;
    found = answer?.channel ?? answer?.subchannel;
  });
  return found;
}

export function look(channelId: number): Seen | undefined {
  const channel = ask('GetChannel', { channel_id: channelId });
  if (channel === undefined) return undefined;
  const subchannels = (channel.subchannel_ref ?? []).flatMap((ref) => {
    const id = Number(ref.subchannel_id);
    const data = ask('GetSubchannel', { subchannel_id: id })?.data;
    return data === undefined ? [] : [{ id, address: data.target ?? '', state: data.state?.state ?? 'UNKNOWN' }];
  });
  return { state: channel.data?.state?.state ?? 'UNKNOWN', subchannels };
}
