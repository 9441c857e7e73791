import { sha256 } from "#crypto";
import { equalBytes } from "../../crypto/equalBytes.ts";
import { WeftError } from "../../errors.ts";
import { ownerOfLeaf } from "../../identity/credential.ts";
import type { EpochKeys } from "../../mls/groupState.ts";
import { epochOf, groupContextExtensionOf, leafFacts, members } from "../../mls/members.ts";
import { type GroupContext, readGroupContext } from "../../wire/groupContext.ts";
import { asId, fromHex, type Hex, type InboxId, type InstallationKey, toHex } from "../../wire/ids.ts";
import { closedKindOf } from "../policy/closed.ts";
import type { Member } from "../policy/roleOf.ts";
import type { GroupRecord } from "../records/records.ts";

/** What an epoch's MLS state says in Weft's terms. */
export type EpochView = {
  readonly epoch: number;
  readonly context: GroupContext;
  /** In leaf order. */
  readonly members: readonly (Member & { readonly leafIndex: number })[];
};

/** When messages are opened and sealed, an epoch gets new states: all of them have the same view. */
const views = new WeakMap<EpochKeys["context"], EpochView>();

/**
 * Reads an epoch's MLS state in Weft's terms. Throws `internal` for a state that the profile would not have let in.
 */
export function viewOf(state: EpochKeys): EpochView {
  const known = views.get(state.context);
  if (known) return known;
  const view = readView(state);
  views.set(state.context, view);
  return view;
}

/** The parts of its head's epoch that a group's record repeats. */
export function namesOf({ context, members }: EpochView): Pick<GroupRecord, "name" | "members" | "closed"> {
  return { name: context.name, members: inboxesOf({ members }), closed: closedKindOf(context) };
}

function readView(state: EpochKeys): EpochView {
  const reading = readGroupContext(groupContextExtensionOf(state));
  if (reading.kind !== "context") {
    throw new WeftError({ code: "internal", message: `the group context is ${reading.kind}` });
  }
  const leaves = members(state).flatMap(({ leafIndex, ...leaf }) => {
    const owner = ownerOfLeaf(leaf);
    return owner ? [{ ...owner, leafIndex }] : [];
  });
  return { epoch: epochOf(state), context: reading.context, members: leaves };
}

/**
 * Lists the installations whose leaf comes from a commit of their own: they are more than names that somebody added.
 */
export function committersOf(state: EpochKeys): Set<InstallationKey> {
  const committers = leafFacts(state).filter(({ hasCommitted }) => hasCommitted);
  return new Set(committers.map(({ signatureKey }) => asId<InstallationKey>(signatureKey)));
}

/**
 * Computes the SHA-256 of an installation's leaf node. It changes with each commit by the installation, and when the
 * installation is added anew.
 */
export function leafHashOf(params: { state: EpochKeys; installation: InstallationKey }): Hex | undefined {
  const key = fromHex(params.installation);
  const leaf = leafFacts(params.state).find(({ signatureKey }) => equalBytes(signatureKey, key));
  return leaf && toHex(sha256(leaf.encoded));
}

/** Lists the members' inboxes, each once, sorted. */
export function inboxesOf(view: { readonly members: readonly Member[] }): InboxId[] {
  return [...new Set(view.members.map((member) => member.inbox))].sort();
}

export function installationsOf(view: { readonly members: readonly Member[] }): Set<InstallationKey> {
  return new Set(view.members.map((member) => member.installation));
}
