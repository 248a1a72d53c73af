/** A unary call of somebody's own Service, ready to be sent: plain data, as it crosses threads. */
export interface MethodCall {
  /** "/package.Service/Method" */
  readonly path: string;
  readonly message: Uint8Array;
  readonly answeredBy: AnsweredBy;
}

/** Where an answer says who answered. */
export type AnsweredBy =
  /** A string field: numbers of the fields that lead to it. */
  | { readonly t: 'field'; readonly numbers: readonly number[] }
  /** A response header or trailer. */
  | { readonly t: 'header'; readonly name: string }
  /** The address that was dialled. */
  | { readonly t: 'address' }
  | { readonly t: 'none' };
