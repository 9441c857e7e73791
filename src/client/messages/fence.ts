import type { KnownInbox } from "../../identity/inbox.ts";
import type { Branch } from "../groups/branch.ts";
import type { Member } from "../policy/roleOf.ts";
import type { HeadId } from "../tables.ts";
import type { MessageVerdict } from "../timeline/record.ts";

/**
 * The block from which on nothing counts that a member seals to the epoch of `head`: that of the first commit after
 * it on the branch that removes the member's leaf, or that of its revocation if it was earlier. Undefined for whoever
 * is in the group still, and for a head that is not on the branch. Pure.
 */
export function fenceBlock(params: {
  branch: Branch;
  head: HeadId;
  sender: Member;
  /** Of the sender, as far as the registry was read. */
  inbox: KnownInbox | undefined;
}): number | undefined {
  const { branch, head, sender, inbox } = params;
  const { installation } = sender;
  const place = branch.places.get(head);
  if (place === undefined) return undefined;
  const removal = branch.steps.slice(place + 1).find(({ entry }) => {
    return entry?.verdict.kind === "adopted" && entry.verdict.removes.some(isOf(installation));
  });
  const revoked = inbox?.installations.find(isOf(installation))?.revokedBlock;
  const blocks = [removal?.entry?.block.number, revoked].filter((block) => block !== undefined);
  return blocks.length === 0 ? undefined : Math.min(...blocks);
}

/**
 * Whether a message counts: one of its receipts must name an anchor before the fence. The earliest anchor decides, so
 * one receipt that qualifies is enough, and who has more receipts only ever finds more that counts. Pure.
 */
export function judgeFence(params: {
  /** Undefined: no fence. */
  fence: number | undefined;
  /** The lowest of the receipts' anchor blocks; undefined for one's own message. */
  anchorBlock: number | undefined;
}): MessageVerdict {
  const { fence, anchorBlock } = params;
  return fence === undefined || anchorBlock === undefined || anchorBlock < fence ? "counts" : "fenced";
}

function isOf(installation: Member["installation"]) {
  return (one: { readonly installation: Member["installation"] }) => one.installation === installation;
}
