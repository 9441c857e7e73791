import type { Client } from "../../src/client/client.ts";
import type { Notice } from "../../src/client/group/events.ts";
import type { Hex } from "../../src/wire/ids.ts";
import type { Rows } from "./memoryDatabase.ts";
import type { Wire } from "./memoryLink.ts";

export type WriteTrap = {
  /** Writes that go well before. */
  after: number;
  /** The process dies, or it lives on and is told that the write failed. */
  readonly kind: "dies" | "fails";
  /** Whether that write is on the disk. */
  readonly takesEffect: boolean;
};

/** Somebody's installation: its wallet's key and, while it is not open, its disk. */
export type Seat = {
  readonly name: string;
  readonly walletKey: Hex;
  readonly databaseId: Uint8Array;
  readonly wire: Wire;
  rows: Rows;
  client: Client | undefined;
  /** False: the user has cut it off. */
  online: boolean;
  /** What happens at one of its next writes to its disk. */
  trap: WriteTrap | undefined;
  /** Its disk or its process has failed in this run. */
  hasFailed: boolean;
  /** What its client has told of nodes that lie. */
  readonly heard: Notice[];
};
