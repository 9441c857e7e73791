import { ownerOfLeaf } from "../../identity/credential.ts";
import type { GroupState } from "../../mls/groupState.ts";
import { type VerifiedCommit, verifyCommit } from "../../mls/verifyCommit.ts";
import type { Entry } from "../../rpc/nodeApi.ts";
import type { ControlInstruction } from "../../wire/control.ts";
import { openEntryPayload } from "../../wire/entry.ts";
import { type GroupContextReading, readGroupContext } from "../../wire/groupContext.ts";
import type { Network } from "../../wire/network.ts";
import { entryKeyOf } from "../groups/epochSecrets.ts";
import { viewOf } from "../groups/epochView.ts";
import type { Member } from "../policy/roleOf.ts";

/** What an entry says, before anybody asks whether its writer may. */
export type OpenedEntry =
  | { readonly kind: "refused"; readonly reason: string }
  | {
      readonly kind: "commit";
      readonly writer: Member;
      readonly registryBlock: number;
      readonly verified: VerifiedCommit;
      readonly adds: readonly Member[];
      readonly removes: readonly Member[];
      readonly after: GroupContextReading | undefined;
    }
  | {
      readonly kind: "control";
      readonly writer: Member;
      readonly registryBlock: number;
      readonly instruction: ControlInstruction;
    };

/** Opens an entry below the epoch of `state`; what it refuses, every member of that epoch refuses. */
export function openEntry(params: { network: Network; state: GroupState; entry: Entry }): OpenedEntry {
  const { network, state, entry } = params;
  const key = entryKeyOf({ state, parent: entry.parent });
  const opened = openEntryPayload({ ...entry, network, key });
  if (opened.kind === "refused") return opened;
  const { instruction, registryBlock, installation } = opened.body;
  const writer = viewOf(state).members.find((member) => member.installation === installation);
  if (!writer) return { kind: "refused", reason: "not-a-member" };
  const by = { writer: { inbox: writer.inbox, installation }, registryBlock };
  if (instruction.case === "control") return { kind: "control", ...by, instruction: instruction.value };
  const verdict = verifyCommit({ state, commit: instruction.value });
  if (verdict.kind === "refused") return verdict;
  const { verified } = verdict;
  if (verified.committerLeaf !== writer.leafIndex) return { kind: "refused", reason: "wrong-writer" };
  const adds = ownersOf(verified.adds);
  const removes = ownersOf(verified.removes);
  if (!adds || !removes) return { kind: "refused", reason: "bad-key-package" };
  const { groupContextExtension: bytes } = verified;
  const after = bytes && readGroupContext(bytes);
  return { kind: "commit", ...by, verified, adds, removes, after };
}

function ownersOf(
  leaves: readonly { identity: Uint8Array; signatureKey: Uint8Array }[],
): Member[] | undefined {
  const owners = leaves.flatMap((leaf) => ownerOfLeaf(leaf) ?? []);
  return owners.length === leaves.length ? owners : undefined;
}
