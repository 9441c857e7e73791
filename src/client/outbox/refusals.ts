import type { ErrorCode } from "../../errors.ts";
import type { EnvelopeHash, NodeId } from "../../wire/ids.ts";
import type { Group } from "../group/group.ts";

/**
 * Codes of a node that is behind, or of what passes: the node is asked PATIENCE times before another one gets the
 * envelope.
 */
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

/** Notes that a node refused an envelope. That ends nothing: the next node in rank gets the envelope. */
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

/** Forgets who refused an envelope: it was taken, is not to be delivered any more, or is offered to all nodes again. */
export function forgetRefusals(group: Group, hash: EnvelopeHash): void {
  group.refusals.delete(hash);
}

/** True if a node has refused an envelope often enough for another one to get it. */
export function hasRefused(params: { group: Group; hash: EnvelopeHash; node: NodeId }): boolean {
  const { group, hash, node } = params;
  return (group.refusals.get(hash)?.get(node) ?? 0) >= PATIENCE;
}
