import type { ChainRecord } from "../../wire/chainRecord.ts";

type Disabling = Extract<ChainRecord, { readonly kind: "node-disabled" }>;

/** An event of the contracts as the index takes it in: without the proof by which a node was disabled. */
export type IndexableRecord =
  | Exclude<ChainRecord, Disabling>
  | Omit<Disabling, "reporter" | `${"header" | "signature"}${"A" | "B"}`>;
