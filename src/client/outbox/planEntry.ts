import type { Appeal, ControlInstruction } from "../../wire/control.ts";
import type { GroupContext } from "../../wire/groupContext.ts";
import { writeGroupContext } from "../../wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import type { KeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import { MAX_MEMBERS } from "../../wire/limits.ts";
import type { EpochView } from "../groups/epochView.ts";
import type { Leaves } from "../groups/leaves.ts";
import { canDo, type Wish } from "../policy/canDo.ts";
import { inboxesGone } from "../policy/inboxesGone.ts";
import { earliestCommitBlock } from "../policy/judgeCommit.ts";
import { contextAfterRemove, contextAfterRename, contextAfterRole } from "../policy/nextContext.ts";
import type { IntentReason } from "../policy/reasons.ts";
import { keepsSuperAdmin, type Member } from "../policy/roleOf.ts";
import { dutiesOf } from "../upkeep/duties.ts";
import type { Intent } from "./intent.ts";
import { fitting, planAdds } from "./planAdds.ts";

/** What an entry is to contain, or why there is none to build now. */
export type EntryPlan =
  | {
      readonly kind: "commit";
      readonly adds: readonly KeyPackageRecord[];
      /** Leaf indices. */
      readonly removes: readonly number[];
      readonly context: GroupContext | undefined;
    }
  | { readonly kind: "control"; readonly instruction: ControlInstruction }
  | { readonly kind: "fail"; readonly reason: IntentReason }
  /** Not before this block. */
  | { readonly kind: "too-soon"; readonly block: number }
  /** Key packages may still be on their way. */
  | { readonly kind: "no-key-package" }
  /** Everything is as it should be. */
  | { readonly kind: "done" };

type Params = {
  readonly intent: Intent;
  readonly view: EpochView;
  readonly self: Member;
  readonly revoked: ReadonlySet<InstallationKey>;
  readonly former: ReadonlySet<InboxId>;
  readonly leaves: Leaves;
  /** For an intent to delete: it was. */
  readonly isDeleted: boolean;
  /** For an appeal: what it says; undefined: nothing is left to be said. */
  readonly appeal: Appeal | "too-late" | undefined;
  readonly stranded: ReadonlyMap<InstallationKey, Member>;
  /** For upkeep: active installations of the members' inboxes that have no leaf. */
  readonly missing: readonly Member[];
  readonly keyPackages: ReadonlyMap<InboxId, readonly KeyPackageRecord[]>;
  readonly lastCommitBlock: number | undefined;
  /** The chain's head. */
  readonly block: number;
};

/** What is to be written below this head for an intent, if the fact that it was made on still holds. Pure. */
export function planEntry(params: Params): EntryPlan {
  const { intent, view, self, revoked, former, leaves } = params;
  const { context, members } = view;
  const { leavers } = leaves;
  const wish = wishOf(intent);
  const reason = wish && canDo({ context, members, revoked, ...self, wish, former, leavers });
  if (reason === "already-done" && intent.landed.length > 0) return { kind: "done" };
  if (reason) return { kind: "fail", reason };
  return planAction(params);
}

function planAction(params: Params): EntryPlan {
  const { intent, view, self, lastCommitBlock, block } = params;
  const { action, remaining = [] } = intent;
  const { context } = view;
  const plan = { kind: "commit", adds: [], removes: [], context: undefined } as const;
  switch (action.kind) {
    case "create":
    case "add":
      return planAddition(params);
    case "remove":
      return planRemoves(view, ({ inbox }) => remaining.includes(inbox));
    case "rename":
      return { ...plan, context: contextAfterRename({ context, name: action.name }) };
    case "set-role": {
      const [inbox] = intent.resolved ?? [];
      if (!inbox) return { kind: "fail", reason: "unknown-member" };
      return { ...plan, context: contextAfterRole({ context, inbox, role: action.role }) };
    }
    case "delete": {
      if (params.isDeleted) return { kind: "fail", reason: "already-done" };
      return { kind: "control", instruction: { kind: "delete-message", message: action.message } };
    }
    case "leave":
      return { kind: "control", instruction: { kind: "leave" } };
    case "upkeep":
      return planUpkeep(params);
    case "appeal":
      return planAppeal(params);
    case "rotate": {
      const earliest = earliestCommitBlock({ context, inbox: self.inbox, lastCommitBlock });
      return block + 1 < earliest ? { kind: "too-soon", block: earliest - 1 } : plan;
    }
    case "welcome":
    case "send":
      return { kind: "done" };
  }
}

function planAppeal({ appeal }: Params): EntryPlan {
  if (appeal === undefined) return { kind: "fail", reason: "already-done" };
  return appeal === "too-late" ? { kind: "fail", reason: appeal } : { kind: "control", instruction: appeal };
}

/** `comesBack`: who is added again at once keeps its role. */
function planRemoves(
  view: EpochView,
  isRemoved: (member: Member) => boolean,
  comesBack: (member: Member) => boolean = () => false,
): EntryPlan {
  const removed = view.members.filter(isRemoved);
  const leaving = removed.filter((member) => !comesBack(member));
  const gone = inboxesGone({ members: view.members, removes: leaving });
  return {
    kind: "commit",
    adds: [],
    removes: removed.map(({ leafIndex }) => leafIndex),
    context: contextAfterRemove({ context: view.context, gone }),
  };
}

/**
 * All that is to be done at this head, whoever's turn it was that began it; what is to be taken out first, since one
 * entry does not do both.
 */
function planUpkeep(params: Params): EntryPlan {
  const { view, leaves, revoked, stranded } = params;
  const duties = dutiesOf(params);
  const subjects = new Set<string>(
    duties.filter(({ kind }) => kind.startsWith("remove")).map(({ subject }) => subject),
  );
  const { members, context } = view;
  const isRemoved = ({ inbox, installation }: Member) => subjects.has(inbox) || subjects.has(installation);
  const comesBack = ({ installation }: Member) => stranded.has(installation);
  const removes = members.filter(isRemoved);
  if (removes.length === 0) return planNewInstallations(params);
  const gone = inboxesGone({ members, removes: removes.filter((member) => !comesBack(member)) });
  const before = { members, inboxes: context.superAdmins };
  const after = { members, inboxes: context.superAdmins.filter((inbox) => !gone.has(inbox)) };
  if (!keepsSuperAdmin({ before, after, revoked, leavers: leaves.leavers })) {
    return { kind: "fail", reason: "last-super-admin" };
  }
  return planRemoves(view, isRemoved, comesBack);
}

/** Those that have a key package, as many as fit. */
function planNewInstallations({ view, missing, keyPackages }: Params): EntryPlan {
  if (missing.length === 0) return { kind: "done" };
  const room = MAX_MEMBERS - view.members.length;
  const wanted = new Set(missing.map(({ installation }) => installation));
  const records = [...keyPackages.values()].flat().filter(({ installation }) => wanted.has(installation));
  if (records.length === 0) return { kind: "fail", reason: "no-key-package" };
  if (room <= 0) return { kind: "fail", reason: "too-many-members" };
  return { kind: "commit", adds: fitting(records.slice(0, room)), removes: [], context: undefined };
}

/** Who asked to leave has to go before it comes back. */
function planAddition(params: Params): EntryPlan {
  const { intent, view, leaves } = params;
  const isLeaving = ({ inbox }: Member) =>
    leaves.leavers.has(inbox) && intent.remaining?.includes(inbox) === true;
  if (view.members.some(isLeaving)) return planRemoves(view, isLeaving);
  const plan = planAdds(params);
  return plan.kind === "adds" ? { kind: "commit", adds: plan.adds, removes: [], context: undefined } : plan;
}

function wishOf({ action, resolved, remaining = [] }: Intent): Wish | undefined {
  switch (action.kind) {
    case "create":
      return remaining.length === 0 ? undefined : { kind: "add", inboxes: remaining };
    case "add":
      return { kind: "add", inboxes: remaining };
    case "remove":
      return { kind: "remove", inboxes: remaining };
    case "rename":
      return { kind: "rename", name: action.name };
    case "set-role": {
      const [inbox] = resolved ?? [];
      return inbox && { kind: "set-role", inbox, role: action.role };
    }
    case "delete":
      return { kind: "delete", author: action.author };
    case "rotate":
    case "leave":
    case "upkeep":
      return { kind: action.kind };
    case "welcome":
    case "appeal":
    case "send":
      return undefined;
  }
}

/** The extension's bytes, if the commit changes it. */
export function contextBytes(context: GroupContext | undefined): { groupContextExtension?: Uint8Array } {
  return context ? { groupContextExtension: writeGroupContext(context) } : {};
}
