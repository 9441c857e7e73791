import type { Hex } from "./ids.ts";
import type { LogId } from "./logRange.ts";

/** A batch by its log, the sequence of its first envelope and the SHA-256 of its header. */
export type BatchPlace = { readonly log: LogId; readonly first: bigint; readonly headerHash: Hex };
