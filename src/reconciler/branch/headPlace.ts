import type { BlockRef } from "../../wire/blockRef.ts";

/** Where the head that an envelope names stands, as seen from this client's head. */
export type HeadPlace =
  | { readonly kind: "head" }
  /** `successors`: blocks of the adopted entries after it, in order. */
  | { readonly kind: "behind"; readonly successors: readonly BlockRef[] }
  | { readonly kind: "before-start" }
  | { readonly kind: "dead" }
  | { readonly kind: "unknown" };
