import type { Appeal, ControlInstruction } from "../../wire/control.ts";
import type { GroupContext } from "../../wire/groupContext.ts";
import { writeGroupContext } from "../../wire/groupContext.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import type { KeyPackageRecord } from "../../wire/keyPackageRecord.ts";
import { MAX_MEMBERS } from "../../wire/limits.ts";
import type { EpochView } from "../branch/epochView.ts";
import type { Leaves } from "../branch/leaves.ts";
import type { Stranded } from "../branch/stranded.ts";
import { canDo, type Wish } from "../policy/canDo.ts";
import { earliestCommitBlock } from "../policy/judgeCommit.ts";
import {
  earliestUpkeepBlock,
  inboxesOut,
  isLower,
  isUpkeepRemoval,
  type Owed,
  type Standing,
} from "../policy/membership.ts";
import {
  contextAfterDisappearing,
  contextAfterRemove,
  contextAfterRename,
  contextAfterRole,
  contextWithout,
  type DrawBytes,
} from "../policy/nextContext.ts";
import type { IntentReason } from "../policy/reasons.ts";
import { keepsSuperAdmin, type Member, roleOf } from "../policy/roleOf.ts";
import type { Intent } from "../records/intent.ts";
import { dutiesOf, repairsBy } from "../upkeep/duties.ts";
import { fitting, planAdds } from "./planAdds.ts";

/** The content of an entry, or why there is none to build now. */
export type EntryPlan =
  | {
      readonly kind: "commit";
      readonly adds: readonly KeyPackageRecord[];
      /** Leaf indices. */
      readonly removes: readonly number[];
      readonly context: GroupContext | undefined;
      /** The signed requests that the entry answers by repairs. */
      readonly requests?: readonly Uint8Array[];
    }
  | { readonly kind: "control"; readonly instruction: ControlInstruction }
  | { readonly kind: "fail"; readonly reason: IntentReason }
  /** The entry may not be written before this block. */
  | { readonly kind: "too-soon"; readonly block: number }
  /** Key packages may still come. */
  | { readonly kind: "no-key-package" }
  /** Nothing is left to be done. */
  | { readonly kind: "done" };

type Params = {
  readonly intent: Intent;
  readonly view: EpochView;
  readonly self: Member;
  readonly revoked: ReadonlySet<InstallationKey>;
  readonly former: ReadonlySet<InboxId>;
  readonly leaves: Leaves;
  /** For an intent to delete: the message is deleted already. */
  readonly isDeleted: boolean;
  /** For an appeal: its content; undefined: nothing is left to be said. */
  readonly appeal: Appeal | "too-late" | undefined;
  readonly stranded: ReadonlyMap<InstallationKey, Stranded>;
  /** The decisions of void entries at this head. */
  readonly owed: Owed | undefined;
  /** For upkeep: active installations that are to be in the group and have no leaf. */
  readonly missing: readonly Member[];
  readonly keyPackages: ReadonlyMap<InboxId, readonly KeyPackageRecord[]>;
  readonly lastCommitBlock: number | undefined;
  readonly lastAddBlock: number | undefined;
  /** The number of the chain's newest block. */
  readonly block: number;
  readonly drawBytes: DrawBytes;
};

/** Plans the child of this head that is to be written for an intent, if the reason for the intent still holds. Pure. */
export function planEntry(params: Params): EntryPlan {
  const { intent, view, self, revoked, former, leaves } = params;
  const { context, members } = view;
  const { leavers } = leaves;
  const wish = wishOf(intent);
  const { block } = params;
  const reason = wish && canDo({ context, members, revoked, ...self, wish, former, leavers, block });
  if (reason === "already-done" && intent.landed.length > 0) return { kind: "done" };
  if (reason) return { kind: "fail", reason };
  return planAction(params);
}

function planAction(params: Params): EntryPlan {
  const { intent, view, self, lastCommitBlock, block, owed } = params;
  const { action, remaining = [] } = intent;
  const { context } = view;
  // Decisions of void entries have to be repeated first, and upkeep does that.
  if (owed && isCommit(action)) return { kind: "too-soon", block: block + 1 };
  const plan = { kind: "commit", adds: [], removes: [], context: undefined } as const;
  switch (action.kind) {
    case "create":
    case "add":
      return planAddition(params);
    case "remove":
      return planRemoval(params, new Set(remaining));
    case "rename":
      return { ...plan, context: contextAfterRename({ context, name: action.name }) };
    case "set-disappearing":
      return { ...plan, context: contextAfterDisappearing({ context, seconds: action.seconds }) };
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
    case "confirm":
    case "send":
      return { kind: "done" };
  }
}

function planAppeal({ appeal }: Params): EntryPlan {
  if (appeal === undefined) return { kind: "fail", reason: "already-done" };
  return appeal === "too-late" ? { kind: "fail", reason: appeal } : { kind: "control", instruction: appeal };
}

function isCommit({ kind }: Intent["action"]): boolean {
  return ["create", "add", "remove", "rename", "set-disappearing", "set-role", "rotate"].includes(kind);
}

/** Removes whole inboxes; inboxes that have no leaf because they are awaited lose their places on the lists. */
function planRemoval({ view, block, drawBytes }: Params, inboxes: ReadonlySet<InboxId>): EntryPlan {
  const removes = view.members.filter(({ inbox }) => inboxes.has(inbox));
  if (removes.length > 0) return planRemoves({ view, block, drawBytes, decided: removes, also: inboxes });
  return { kind: "commit", adds: [], removes: [], context: contextWithout({ ...view, gone: inboxes }) };
}

/** `repaired`: members who are added again at once keep their roles, and are listed for that. */
function planRemoves(params: {
  view: EpochView;
  block: number;
  decided: readonly EpochView["members"][number][];
  /** Inboxes without a leaf that are to be out as well. */
  also?: ReadonlySet<InboxId>;
  repaired?: readonly EpochView["members"][number][];
  requests?: readonly Uint8Array[];
  drawBytes: DrawBytes;
}): EntryPlan & { kind: "commit" } {
  const { view, block, decided, also = new Set(), repaired = [], requests = [], drawBytes } = params;
  const { members, context } = view;
  const removes = [...decided, ...repaired];
  const inboxes = new Set([...decided.map(({ inbox }) => inbox), ...also]);
  const change = { decided: inboxes, unlisted: context.returning.filter(({ inbox }) => also.has(inbox)) };
  const gone = new Set([...inboxesOut({ members, removes, change }), ...withoutLeaf(members, also)]);
  return {
    kind: "commit",
    adds: [],
    removes: removes.map(({ leafIndex }) => leafIndex),
    context: contextAfterRemove({ context, gone, decided: inboxes, repaired, block, drawBytes }),
    requests,
  };
}

function withoutLeaf(members: readonly Member[], inboxes: ReadonlySet<InboxId>): InboxId[] {
  return [...inboxes].filter((inbox) => members.every((member) => member.inbox !== inbox));
}

/**
 * Plans all upkeep that is due at this head, whoever's turn began it. Removes come first, since one entry does not both
 * remove and add. A plain member keeps its distance from other commits.
 */
function planUpkeep(params: Params): EntryPlan {
  const { view, leaves, revoked, owed, self, block, lastCommitBlock, lastAddBlock, drawBytes } = params;
  const { members, context } = view;
  const standing = standingOf(params);
  if (dutiesOf({ ...params, standing }).every(({ kind }) => kind === "ask-again")) return { kind: "done" };
  const earliest = earliestUpkeepBlock({ context, inbox: self.inbox, lastCommitBlock, lastAddBlock });
  if (block + 1 < earliest) return { kind: "too-soon", block: earliest - 1 };
  const decided = members.filter((member) => isUpkeepRemoval(standing, member));
  const repaired = repairsBy({ standing, self });
  const repairs = new Set(repaired.map(({ installation }) => installation));
  const repairedLeaves = members.filter(({ installation }) => repairs.has(installation));
  if (owed && decided.length === 0) return planDemotions(context, owed);
  if (decided.length + repairedLeaves.length === 0) return planNewInstallations(params);
  const requests = repaired.flatMap(({ installation }) => params.stranded.get(installation)?.proof ?? []);
  const plan = planRemoves({ view, block, drawBytes, decided, repaired: repairedLeaves, requests });
  const before = { members, inboxes: context.superAdmins };
  const after = { members, inboxes: plan.context?.superAdmins ?? context.superAdmins };
  if (!owed && !keepsSuperAdmin({ before, after, revoked, leavers: leaves.leavers })) {
    return { kind: "fail", reason: "last-super-admin" };
  }
  return plan;
}

/** Puts together the facts by which upkeep is judged. */
export function standingOf(
  params: Pick<Params, "view" | "revoked" | "leaves" | "stranded" | "owed" | "block">,
): Standing {
  const { view, revoked, leaves, stranded, owed, block } = params;
  const { context, members } = view;
  return { context, members, revoked, leavers: leaves.leavers, stranded, owed, block };
}

function planDemotions(context: GroupContext, { roles }: Owed): EntryPlan {
  let next = context;
  for (const { inbox, role } of roles) {
    const isDone = !isLower(role, roleOf({ context: next, inbox }));
    if (!isDone) next = contextAfterRole({ context: next, inbox, role });
  }
  return { kind: "commit", adds: [], removes: [], context: next };
}

/** Plans to add those that have a key package, as many as fit. */
function planNewInstallations({ view, missing, keyPackages }: Params): EntryPlan {
  if (missing.length === 0) return { kind: "done" };
  const room = MAX_MEMBERS - view.members.length;
  const wanted = new Set(missing.map(({ installation }) => installation));
  const records = [...keyPackages.values()].flat().filter(({ installation }) => wanted.has(installation));
  if (records.length === 0) return { kind: "fail", reason: "no-key-package" };
  if (room <= 0) return { kind: "fail", reason: "too-many-members" };
  return { kind: "commit", adds: fitting(records.slice(0, room)), removes: [], context: undefined };
}

/** An inbox that has asked to leave has to be removed before it is added again. */
function planAddition(params: Params): EntryPlan {
  const { intent, view, leaves, block, drawBytes } = params;
  const isLeaving = ({ inbox }: Member) =>
    leaves.leavers.has(inbox) && intent.remaining?.includes(inbox) === true;
  const leaving = view.members.filter(isLeaving);
  if (leaving.length > 0) return planRemoves({ view, block, drawBytes, decided: leaving });
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
    case "set-disappearing":
      return { kind: "set-disappearing", seconds: action.seconds };
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
    case "confirm":
    case "appeal":
    case "send":
      return undefined;
  }
}

/** The extension's bytes, if the commit changes it. */
export function contextBytes(context: GroupContext | undefined): { groupContextExtension?: Uint8Array } {
  return context ? { groupContextExtension: writeGroupContext(context) } : {};
}
