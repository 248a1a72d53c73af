/** What one attempt of a probe or hook came to. */
export type ProbeOutcome = { readonly kind: 'success' } | { readonly kind: 'failure'; readonly message: string };
