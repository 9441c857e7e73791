import type { ChainHead } from "../../rpc/nodeApi.ts";
import type { Hex, InboxId, NodeId } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";

/** What a node says of an inbox's history at the end of a block: all its steps give this word. */
export type HistoryClaim = {
  readonly inbox: InboxId;
  readonly word: Hex;
  /** The steps are not those that this client knew with some more: a reorganization, or a lie. */
  readonly isReplaced: boolean;
};

/**
 * The one place where the words of a batch of histories are known, with the block that they are for, before anything of
 * them is stored or used. Their signatures have been checked; whether steps were left out only another party can tell.
 */
export async function confirmHistories(_params: {
  core: ClientCore;
  /** That served them, if the caller knows. */
  serving: NodeId | undefined;
  head: ChainHead;
  claims: readonly HistoryClaim[];
  signal: AbortSignal;
}): Promise<{ readonly isProvisional: boolean }> {
  return { isProvisional: true };
}
