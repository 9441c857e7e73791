import type { CommitStep } from "../commit/commitStep.ts";
import { encodeGroupContext } from "../epoch/groupContext.ts";
import type { GroupState } from "../groupState.ts";
import { decryptWithLabel } from "../label/encryptWithLabel.ts";
import { KEY_LENGTH } from "../limits.ts";
import { resolution } from "../tree/ratchetTree.ts";
import { isAbove } from "../tree/treeMath.ts";

/** Opens the path secret that a commit sealed to this member, and gives the step of the path that it belongs to. */
export function openPath(params: {
  state: Pick<GroupState, "ownLeafIndex" | "privateKeys">;
  step: Omit<CommitStep, "message">;
}): { pathSecret: Uint8Array; stepIndex: number } | undefined {
  const { state, step } = params;
  if (!step.path) return undefined;
  const added = new Set(step.addedLeaves);
  for (const [stepIndex, { copathChild }] of step.path.steps.entries()) {
    if (!isAbove(copathChild, state.ownLeafIndex)) continue;
    const recipients = resolution(step.treeBeforePath, copathChild, added);
    const i = recipients.findIndex((position) => state.privateKeys.has(position));
    const privateKey = state.privateKeys.get(recipients[i] ?? -1);
    const sealed = step.path.nodes[stepIndex]?.sealedSecrets[i];
    if (!privateKey || !sealed) return undefined;
    const context = encodeGroupContext(step.provisional);
    const pathSecret = decryptWithLabel({ privateKey, label: "UpdatePathNode", context, sealed });
    return pathSecret?.length === KEY_LENGTH ? { pathSecret, stepIndex } : undefined;
  }
  return undefined;
}
