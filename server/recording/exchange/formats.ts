/** How a run can be exported. */
export const exportFormats = ['jsonl', 'jsonl_gz', 'csv', 'events_csv', 'html'] as const;
export type ExportFormat = (typeof exportFormats)[number];
