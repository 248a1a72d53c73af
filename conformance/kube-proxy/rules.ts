export interface Endpoint {
  readonly id: string;
  readonly ip: string;
}

export interface ServiceRules {
  readonly ip: string;
  readonly port: number;
  readonly endpoints: readonly Endpoint[];
}

/**
 * The rules of one Service as kube-proxy's iptables mode writes them (pkg/proxy/iptables/proxier.go): each endpoint but the last with
 * the probability 1 / (endpoints that are left), and REJECT where there is none. For iptables-restore --noflush, one atomic change.
 */
export function serviceRules({ ip, port, endpoints }: ServiceRules): string {
  const to = `-d ${ip}/32 -p tcp -m tcp --dport ${port}`;
  const service = 'KUBE-SVC-LBSCOPEGREETER';
  const chainOf = ({ id }: Endpoint): string => `KUBE-SEP-${id}`;
  const draws = endpoints.map((endpoint, index) => {
    const left = endpoints.length - index;
    const chance = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}` : '';
    return `-A ${service}${chance} -j ${chainOf(endpoint)}`;
  });
  return [
    '*filter',
    ':KUBE-SERVICES - [0:0]',
    ...(endpoints.length === 0 ? [`-A KUBE-SERVICES ${to} -j REJECT --reject-with icmp-port-unreachable`] : []),
    'COMMIT',
    '*nat',
    ':KUBE-SERVICES - [0:0]',
    ':KUBE-MARK-MASQ - [0:0]',
    `:${service} - [0:0]`,
    ...endpoints.map((endpoint) => `:${chainOf(endpoint)} - [0:0]`),
    '-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000',
    ...(endpoints.length === 0 ? [] : [`-A KUBE-SERVICES ${to} -j ${service}`]),
    ...draws,
    ...endpoints.flatMap((endpoint) => [
      `-A ${chainOf(endpoint)} -s ${endpoint.ip}/32 -j KUBE-MARK-MASQ`,
      `-A ${chainOf(endpoint)} -p tcp -m tcp -j DNAT --to-destination ${endpoint.ip}:${port}`,
    ]),
    'COMMIT',
    '',
  ].join('\n');
}

/** Once: what sends packets of the node and of its pods through the chains. */
export const hooks = [
  '*filter',
  ':KUBE-SERVICES - [0:0]',
  '-A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES',
  '-A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES',
  'COMMIT',
  '*nat',
  ':KUBE-SERVICES - [0:0]',
  '-A PREROUTING -j KUBE-SERVICES',
  '-A OUTPUT -j KUBE-SERVICES',
  'COMMIT',
  '',
].join('\n');
