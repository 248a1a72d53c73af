/** Where ConfigMap `envoy-config` puts the admin interface. */
export const adminPort = 9901;

/**
 * What the Deployment's preStop hook does with bash inside the container: makes Envoy send GOAWAY with the next answer
 * on each connection. The kubelet calls this in the hook's place, as there is no container to run bash in; then it
 * waits as long as the hook sleeps. False where Envoy did not answer.
 */
export async function failEnvoyHealthCheck(
  podIP: string,
  options: { fetch?: typeof fetch; limitMs?: number } = {},
): Promise<boolean> {
  try {
    const answer = await (options.fetch ?? fetch)(`http://${podIP}:${adminPort}/healthcheck/fail`, {
      method: 'POST',
      signal: AbortSignal.timeout(options.limitMs ?? 1_000),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
