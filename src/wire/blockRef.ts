import type { Hex } from "./ids.ts";

/** A block of the chain; time in seconds since 1970. */
export type BlockRef = { readonly number: number; readonly hash: Hex; readonly time: number };
