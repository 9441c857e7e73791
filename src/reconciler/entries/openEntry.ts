import { ownerOfLeaf } from "../../identity/credential.ts";
import type { GroupState } from "../../mls/groupState.ts";
import { type VerifiedCommit, verifyCommit } from "../../mls/verifyCommit.ts";
import type { Entry } from "../../wire/chainEntry.ts";
import type { Appeal, ControlInstruction } from "../../wire/control.ts";
import { openSignedBody } from "../../wire/entry.ts";
import { type GroupContextReading, readGroupContext } from "../../wire/groupContext.ts";
import type { Network } from "../../wire/network.ts";
import { entryKeyOf } from "../branch/epochSecrets.ts";
import { viewOf } from "../branch/epochView.ts";
import type { Member } from "../policy/roleOf.ts";

/** The content of an entry, before its writer's rights are judged. */
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
      /** The signed requests that the entry answers by repairs, as its writer says. */
      readonly requests: readonly Uint8Array[];
    }
  | {
      readonly kind: "control";
      readonly writer: Member;
      readonly registryBlock: number;
      readonly instruction: ControlInstruction;
    };

type Params = { network: Network; state: GroupState; entry: Entry };

/**
 * Opens a child of the entry that opened the epoch of `state`. If it refuses an entry, every member of that epoch
 * refuses it.
 */
export function openEntry(params: Params): OpenedEntry {
  const { state } = params;
  const opened = openBody(params);
  if (opened.kind === "refused") return opened;
  const { instruction, leafIndex, bytes: _, requests, ...by } = opened;
  if (instruction.case === "control") return { ...by, kind: "control", instruction: instruction.value };
  const verdict = verifyCommit({ state, commit: instruction.value });
  if (verdict.kind === "refused") return verdict;
  const { verified } = verdict;
  if (verified.committerLeaf !== leafIndex) return { kind: "refused", reason: "wrong-writer" };
  // Members who join by a commit can't read the controls that void it, so it must be one that all members can follow: a
  // commit without a path.
  if (verified.hasPath && verified.adds.length > 0) return { kind: "refused", reason: "outside-profile" };
  const adds = ownersOf(verified.adds);
  const removes = ownersOf(verified.removes);
  if (!adds || !removes) return { kind: "refused", reason: "bad-key-package" };
  const { groupContextExtension: content } = verified;
  const after = content && readGroupContext(content);
  return { ...by, kind: "commit", verified, adds, removes, after, requests };
}

/** Opens a request or evidence; commits are not opened here. */
export function openAppeal(
  params: Params,
): { writer: Member; registryBlock: number; instruction: Appeal; bytes: Uint8Array } | undefined {
  const opened = openBody(params);
  if (opened.kind === "refused" || opened.instruction.case !== "control") return undefined;
  const { writer, registryBlock, bytes } = opened;
  const { value: instruction } = opened.instruction;
  const isAppeal = instruction.kind === "request" || instruction.kind === "evidence";
  return isAppeal ? { writer, registryBlock, instruction, bytes } : undefined;
}

function openBody({ network, state, entry }: Params) {
  const key = entryKeyOf({ state, parent: entry.parent });
  const opened = openSignedBody({ ...entry, network, key });
  if (opened.kind === "refused") return opened;
  const { body, bytes } = opened;
  const { instruction, registryBlock, installation, requests = [] } = body;
  const member = viewOf(state).members.find((one) => one.installation === installation);
  if (!member) return { kind: "refused", reason: "not-a-member" } as const;
  const { inbox, leafIndex } = member;
  const by = { writer: { inbox, installation }, leafIndex, registryBlock };
  return { kind: "opened", ...by, instruction, requests, bytes } as const;
}

function ownersOf(
  leaves: readonly { identity: Uint8Array; signatureKey: Uint8Array }[],
): Member[] | undefined {
  const owners = leaves.flatMap((leaf) => ownerOfLeaf(leaf) ?? []);
  return owners.length === leaves.length ? owners : undefined;
}
