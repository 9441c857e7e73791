import type { ChainRecord } from "../../wire/chainRecord.ts";

type Disabling = Extract<ChainRecord, { readonly kind: "node-disabled" }>;

/** The events of the contracts as the index takes them in: by what a node was disabled, it does not keep. */
export type IndexableRecord =
  | Exclude<ChainRecord, Disabling>
  | Omit<Disabling, "reporter" | `${"header" | "signature"}${"A" | "B"}`>;
