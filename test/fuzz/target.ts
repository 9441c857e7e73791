/** One reader of bytes that come from the network or the chain, and true bytes that it reads. */
export type Target = {
  readonly name: string;
  readonly samples: readonly Uint8Array[];
  /** Returns, or throws a WeftError; whatever else it does is a defect. */
  readonly read: (bytes: Uint8Array) => unknown;
};
