import type { ErrorCode } from "../../errors.ts";
import type { EnvelopeHash, NodeId } from "../../wire/ids.ts";
import type { Group } from "../group/group.ts";

/** What a node that is behind says, and what passes: it is asked so often before another one gets the envelope. */
const passing: ReadonlySet<ErrorCode> = new Set([
  "unknown-head",
  "not-ready",
  "limit-exceeded",
  "storage",
  "disk-full",
  "damaged-database",
  "internal",
]);
const PATIENCE = 3;

/** One node's refusal ends nothing: the next in rank gets the envelope. */
export function noteRefusal(params: {
  group: Group;
  hash: EnvelopeHash;
  node: NodeId;
  code: ErrorCode;
}): void {
  const { group, hash, node, code } = params;
  const counts = group.refusals.get(hash) ?? new Map<NodeId, number>();
  group.refusals.set(hash, counts);
  counts.set(node, (counts.get(node) ?? 0) + (passing.has(code) ? 1 : PATIENCE));
}

/** It was taken, or is not to be delivered any more. */
export function forgetRefusals(group: Group, hash: EnvelopeHash): void {
  group.refusals.delete(hash);
}

export function hasRefused(params: { group: Group; hash: EnvelopeHash; node: NodeId }): boolean {
  const { group, hash, node } = params;
  return (group.refusals.get(hash)?.get(node) ?? 0) >= PATIENCE;
}
