import type { ErrorCode } from "../errors.ts";
import type { Hex } from "./ids.ts";

/** A node's answer that it does not take what it was given. */
export type Refusal = {
  readonly kind: "refused";
  readonly code: ErrorCode;
  readonly hint: string;
  /** Milliseconds until it may be taken, if that is known. */
  readonly retryAfterMs?: number;
};

/** What came of an entry or record that a node was to bring to the chain. */
export type RelayOutcome =
  | { readonly kind: "submitted"; readonly transaction: Hex }
  | { readonly kind: "stale"; readonly children: number }
  /** It is on the chain already, whoever has sent it. */
  | { readonly kind: "exists" }
  | Refusal;
