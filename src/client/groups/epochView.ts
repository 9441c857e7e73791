import { WeftError } from "../../errors.ts";
import { ownerOfLeaf } from "../../identity/credential.ts";
import type { EpochKeys } from "../../mls/groupState.ts";
import { epochOf, groupContextExtensionOf, members } from "../../mls/members.ts";
import { type GroupContext, readGroupContext } from "../../wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import type { Member } from "../policy/roleOf.ts";

/** What an epoch's MLS state says in Weft's terms. */
export type EpochView = {
  readonly epoch: number;
  readonly context: GroupContext;
  /** In leaf order. */
  readonly members: readonly (Member & { readonly leafIndex: number })[];
};

/** Opening and sealing messages gives new states of the same epoch: their view is the same. */
const views = new WeakMap<EpochKeys["context"], EpochView>();

/** Throws `internal` for a state that the profile would not have let in. */
export function viewOf(state: EpochKeys): EpochView {
  const known = views.get(state.context);
  if (known) return known;
  const view = readView(state);
  views.set(state.context, view);
  return view;
}

/** What a group's record repeats of its head's epoch. */
export function namesOf(view: EpochView): { readonly name: string; readonly members: InboxId[] } {
  return { name: view.context.name, members: inboxesOf(view) };
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

/** Each inbox once, sorted. */
export function inboxesOf(view: { readonly members: readonly Member[] }): InboxId[] {
  return [...new Set(view.members.map((member) => member.inbox))].sort();
}

export function installationsOf(view: Pick<EpochView, "members">): Set<InstallationKey> {
  return new Set(view.members.map((member) => member.installation));
}
