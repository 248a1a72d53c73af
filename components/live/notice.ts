/** One line about something asked for: refused, or done and can be taken back. */
export type Notice = { id: number; text: string; kind: 'refused' | 'done'; undo?: { label: string; run(): void } };
