import type { Hex } from "../../wire/ids.ts";

/** What a person has noted, as this device holds it. */
export type NoteRecord = {
  /** 1 + that of the value that it replaced. */
  readonly revision: number;
  /** 16 random bytes. */
  readonly id: Hex;
  readonly value: Uint8Array;
};
