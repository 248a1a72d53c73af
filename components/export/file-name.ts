/** lbscope-3f2a91bc-2026-03-04T10-00-00.5Z-stage.png: run and instant, in letters that every file system takes. */
export function fileName(runId: string, atMs: number, what: string, type: string): string {
  const at = new Date(atMs)
    .toISOString()
    .replaceAll(':', '-')
    .replace(/(\.\d)\d*Z$/, '$1Z');
  const run = runId.replaceAll(/[^\w-]/g, '').slice(0, 8) || 'run';
  return `lbscope-${run}-${at}-${what}.${type}`;
}
