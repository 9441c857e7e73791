import { WeftError } from "../../errors.ts";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { Hex, InboxId, NodeId } from "../../wire/ids.ts";
import type { CoreParts } from "../group/core.ts";
import { isOneEnough } from "../witness/witnesses.ts";
import { askWitness } from "./askWitness.ts";

/** What a node says of an inbox's history at the end of a block: all its steps give this word. */
export type HistoryClaim = {
  readonly inbox: InboxId;
  readonly word: Hex;
  /** True if the steps are not those that this client knew with some more: after a reorganization, or by a lie. */
  readonly isReplaced: boolean;
};

/**
 * Has the words of a batch of histories confirmed for their block, before anything of them is stored or used: their
 * signatures have been checked, but only another operator can tell whether steps were left out. Provisional if no other
 * answers. Throws `not-ready` if others say otherwise, or can't tell yet.
 */
export async function confirmHistories(params: {
  core: CoreParts<"database" | "groups" | "links" | "network" | "preferences" | "self" | "witnesses">;
  /** The node that served them; undefined: it is not known, so that no other can be told apart from it. */
  serving: NodeId | undefined;
  head: BlockRef;
  claims: readonly HistoryClaim[];
  signal: AbortSignal;
}): Promise<{ readonly isProvisional: boolean }> {
  const { core, serving, head, claims, signal } = params;
  if (serving === undefined) return { isProvisional: !isOneEnough(core.witnesses) };
  const facts = claims.map(({ inbox, word }) => ({ kind: "history", inbox, word }) as const);
  const { kind } = await askWitness({ core, serving, claim: { head, facts }, signal });
  if (kind === "agreed" || kind === "silent") return { isProvisional: kind === "silent" };
  throw new WeftError({
    code: "not-ready",
    message: `nobody confirms what the node ${serving} says of inboxes at block ${head.number}: ${kind}`,
  });
}
