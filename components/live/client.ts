import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { AgentService } from '../../gen/lbscope/agent/v1/agent_pb.js';

export type AgentClient = Client<typeof AgentService>;

/** The agent behind the page's own origin. Binary, as it is a third of the JSON and cheaper to read. */
export function agentClient(): AgentClient {
  return createClient(AgentService, createConnectTransport({ baseUrl: '/rpc', useBinaryFormat: true }));
}
