import type { BlockRef } from "../../wire/blockRef.ts";
import type { NodeId } from "../../wire/ids.ts";
import type { Difference } from "./compareWords.ts";

/** What witnesses say of the serving node's claim. */
export type Testimony =
  /**
   * A node of another operator, or an endpoint that the app named, says the same; or the app said that one operator is
   * enough. `newest`: the newest block that the witness names.
   */
  | { readonly kind: "agreed"; readonly newest?: BlockRef | undefined }
  /** No other operator and no endpoint answers at all. */
  | { readonly kind: "silent" }
  /** The witnesses that answer can't tell of the block yet, or the serving node took its word back: ask again later. */
  | { readonly kind: "not-yet" }
  /** Two thirds of those asked say otherwise: the serving node is left, and the app was told. */
  | ({ readonly kind: "contradicted"; readonly liar: NodeId } & Difference)
  /** Some say otherwise, but neither side has two thirds: nothing may be adopted. */
  | { readonly kind: "undecided" };

/** What one witness says of a claim. */
export type Word =
  | { readonly kind: "same" }
  | ({ readonly kind: "other" } & Difference)
  /**
   * The witness's chain does not have the block, and is too short to show that it never will; or the witness could not
   * read it.
   */
  | { readonly kind: "lacks" }
  /** No answer in time, or garbage. */
  | { readonly kind: "mute" };
