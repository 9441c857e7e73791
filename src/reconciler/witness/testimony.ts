import type { NodeId } from "../../wire/ids.ts";
import type { Difference } from "./compareWords.ts";

/** What others than the serving node say of its claim. */
export type Testimony =
  /** A node of another operator, or an endpoint that the app named, says the same; or the app said that one is enough. */
  | { readonly kind: "agreed" }
  /** No other operator and no endpoint answers at all. */
  | { readonly kind: "silent" }
  /** Those who answer can't tell of the block yet, or the serving node took its word back: ask again later. */
  | { readonly kind: "not-yet" }
  /** Two thirds of those asked say otherwise: the serving node is left and the app was told. */
  | ({ readonly kind: "contradicted"; readonly liar: NodeId } & Difference)
  /** Some say otherwise, but no two thirds either way: nothing may be adopted. */
  | { readonly kind: "undecided" };

/** What one witness says of a claim. */
export type Word =
  | { readonly kind: "same" }
  | ({ readonly kind: "other" } & Difference)
  /** The block is not on its chain, or not yet, and that its chain is too short to tell; or it fails at reading it. */
  | { readonly kind: "lacks" }
  /** No answer in time, or one that is none. */
  | { readonly kind: "mute" };
