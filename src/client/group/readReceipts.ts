import type { GroupId, MessageId } from "../../wire/ids.ts";
import { createWakeup, type Wakeup } from "../timing/wakeup.ts";

/** What is to be told of how far the person has read, by conversation. */
export type ReadReceipts = {
  /** The last message that was read and not told. */
  readonly due: Map<GroupId, MessageId>;
  /** When each conversation was last told, by `steadyMs`. */
  readonly toldAtMs: Map<GroupId, number>;
  readonly wakeup: Wakeup;
};

export function createReadReceipts(): ReadReceipts {
  return { due: new Map(), toldAtMs: new Map(), wakeup: createWakeup() };
}
