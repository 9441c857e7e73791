import type { KnownInbox } from "../../identity/inbox.ts";
import { FENCE_BLOCKS, MAX_LATE_COMMITS } from "../../wire/limits.ts";
import type { Branch } from "../branch/branch.ts";
import type { Member } from "../policy/roleOf.ts";
import type { CoverageRecord, HeadId } from "../records/records.ts";
import type { MessageVerdict, Taken } from "../records/timelineRecord.ts";

/**
 * Finds the fence: the block from which on nothing counts that a member seals to the epoch of `head`. It is the block
 * of the first later commit on the branch that removes the member's leaf, or that of the member's revocation if that is
 * earlier. Undefined for a member who is still in the group, for a head that is not on the branch, and for an epoch
 * that lies more than MAX_LATE_COMMITS commits before the fence. Pure.
 */
export function fenceBlock(params: {
  branch: Branch;
  head: HeadId;
  sender: Member;
  /** The sender's inbox, as far as the registry was read. */
  inbox: KnownInbox | undefined;
}): number | undefined {
  const { branch, head, sender, inbox } = params;
  const { installation } = sender;
  const place = branch.places.get(head);
  if (place === undefined) return undefined;
  const after = [...branch.steps.slice(place + 1).map(({ entry }) => entry), branch.end];
  const removal = after.find((entry) => {
    return entry?.verdict.kind === "adopted" && entry.verdict.removes.some(isOf(installation));
  });
  const revoked = inbox?.installations.find(isOf(installation))?.revokedBlock;
  const blocks = [removal?.block.number, revoked].filter((block) => block !== undefined);
  if (blocks.length === 0) return undefined;
  const fence = Math.min(...blocks);
  const commits = after.filter((entry) => entry !== undefined && entry.block.number <= fence);
  return commits.length > MAX_LATE_COMMITS ? undefined : fence;
}

/**
 * On which side of the fence a batch is: `unknown` until the chain is read so far that no node's word can change it.
 */
export type FenceSide = "before" | "behind" | "unknown";

/** Tells on which side of the fence a batch was signed, as far as its node's checkpoints prove it. Pure. */
export function sideOf(params: {
  fence: number;
  taken: Pick<Taken, "anchorBlock">;
  coverage: CoverageRecord | undefined;
}): FenceSide {
  const { fence, taken, coverage } = params;
  const lastBlock = fence + FENCE_BLOCKS;
  if (taken.anchorBlock >= fence) return "behind";
  if (coverage?.block !== undefined) return coverage.block <= lastBlock ? "before" : "behind";
  return coverage !== undefined && coverage.asOf >= lastBlock ? "behind" : "unknown";
}

/**
 * Judges a sealing by its receipts: one receipt before the fence is enough, so with more receipts a client only finds
 * more messages that count. Pure.
 */
export function judgeFence(sides: readonly FenceSide[]): MessageVerdict {
  if (sides.includes("before")) return "counts";
  return sides.includes("unknown") ? "pending" : "fenced";
}

function isOf(installation: Member["installation"]) {
  return (one: { readonly installation: Member["installation"] }) => one.installation === installation;
}
