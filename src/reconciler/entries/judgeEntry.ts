import { activeAt, type KnownInbox, revokedAt } from "../../identity/inbox.ts";
import { applyCommit } from "../../mls/applyCommit.ts";
import type { GroupState } from "../../mls/groupState.ts";
import type { Entry } from "../../wire/chainEntry.ts";
import type { ControlInstruction } from "../../wire/control.ts";
import type { InboxId, InstallationKey } from "../../wire/ids.ts";
import { authorityOf } from "../branch/epochSecrets.ts";
import { type EpochView, inboxesOf, viewOf } from "../branch/epochView.ts";
import { type EntryFacts, judgeCommit } from "../policy/judgeCommit.ts";
import { judgeControl } from "../policy/judgeControl.ts";
import type { Owed } from "../policy/membership.ts";
import type { Member } from "../policy/roleOf.ts";
import type { CommitSummary } from "../records/verdict.ts";
import type { OpenedEntry } from "./openEntry.ts";

/** What the registry says at the end of a block that is at least as late as the blocks that are asked about. */
export type Registry = (inbox: InboxId) => KnownInbox | undefined;

export type EntryJudgement =
  | { readonly kind: "refused"; readonly reason: string }
  | { readonly kind: "cut-off"; readonly reason: string }
  | { readonly kind: "adopted"; readonly newState: GroupState; readonly summary: CommitSummary }
  /** A commit that removes this client, adopted by those who stay. */
  | { readonly kind: "removed"; readonly summary: CommitSummary }
  | { readonly kind: "newer-version"; readonly version: number }
  /** A control that counts. */
  | { readonly kind: "control"; readonly writer: Member; readonly instruction: ControlInstruction };

/**
 * Lists the inboxes whose registry records decide about an entry: the records of other members must not matter. The
 * list's order does not tell a node who wrote the entry.
 */
export function inboxesToAsk(params: { opened: OpenedEntry; view: EpochView }): InboxId[] {
  const { opened, view } = params;
  if (opened.kind === "refused") return [];
  const named = opened.kind === "commit" ? [...opened.adds, ...opened.removes] : [];
  const { superAdmins, admins } = view.context;
  const listed = [...superAdmins, ...admins, ...(changesSuperAdmins(params) ? inboxesOf(view) : [])];
  return [...new Set([opened.writer.inbox, ...named.map(({ inbox }) => inbox), ...listed])].sort();
}

/**
 * True if the entry makes somebody super admin: then it matters of every member whether it is active, since any may be
 * the one who promotes.
 */
function changesSuperAdmins({ opened, view }: { opened: OpenedEntry; view: EpochView }): boolean {
  if (opened.kind !== "commit" || opened.after?.kind !== "context") return false;
  return opened.after.context.superAdmins.some((inbox) => !view.context.superAdmins.includes(inbox));
}

/** Judges a child of the head, only from what the chain orders. Pure. */
export function judgeEntry(params: {
  opened: OpenedEntry;
  entry: Entry;
  state: GroupState;
  registry: Registry;
  lastCommitBlock: number | undefined;
  leavers: ReadonlySet<InboxId>;
  lastAddBlock?: number | undefined;
  /** Installations whose requests the entry carries, see `provenRequests`. */
  stranded: ReadonlySet<InstallationKey>;
  /** The decisions of void siblings before this entry. */
  owed?: Owed | undefined;
  /** The state that this client staged, if the entry is its own. */
  staged: GroupState | undefined;
}): EntryJudgement {
  const { opened, entry, state, registry, lastCommitBlock, lastAddBlock } = params;
  const { leavers, stranded, owed, staged } = params;
  if (opened.kind === "refused") return opened;
  const { writer, registryBlock } = opened;
  const { context, members } = viewOf(state);
  const { number: block } = entry.block;
  const revoked = revokedMembers({ members, registry, block: block - 1 });
  const facts: EntryFacts = { context, members, revoked, writer, block, registryBlock, leavers };
  if (opened.kind === "control") return judgeInstruction({ facts, instruction: opened.instruction });
  const { adds, removes, after, verified } = opened;
  // After a reorganization an entry may land again before the registry block that it names. If it were refused for
  // that, the members whom it had brought in could not notice.
  const asOf = Math.min(registryBlock, block);
  const judgement = judgeCommit({
    ...facts,
    ...{ stranded, owed, after, lastCommitBlock, lastAddBlock },
    adds: adds.map((add) => ({
      ...add,
      active: activeAt({ inbox: registry(add.inbox), installation: add.installation, block: asOf }),
    })),
    removes,
  });
  if (judgement.kind !== "permitted") return judgement;
  const summary = { writer, adds, removes };
  const applied = staged
    ? ({ kind: "adopted", newState: staged } as const)
    : applyCommit({ state, verified });
  if (applied.kind === "removed") return { kind: "removed", summary };
  if (applied.kind === "cut-off") return { kind: "cut-off", reason: applied.reason };
  if (authorityOf(applied.newState) !== entry.authority) {
    // Without a path every member of the parent's epoch derives the same authority, so every member can tell.
    return { kind: verified.hasPath ? "cut-off" : "refused", reason: "other-authority" };
  }
  return { kind: "adopted", newState: applied.newState, summary };
}

function judgeInstruction(params: { facts: EntryFacts; instruction: ControlInstruction }): EntryJudgement {
  const { facts, instruction } = params;
  // The head has no child yet that a request or evidence could be about.
  if (instruction.kind === "request" || instruction.kind === "evidence") {
    return { kind: "refused", reason: "unknown-entry" };
  }
  const judgement = judgeControl({ ...facts, control: instruction.kind });
  if (judgement.kind === "refused") return judgement;
  return { kind: "control", writer: facts.writer, instruction };
}

/** Lists the members whom the registry had revoked by the end of `block`. */
export function revokedMembers(params: {
  members: readonly Member[];
  registry: Registry;
  block: number;
}): Set<InstallationKey> {
  const { members, registry, block } = params;
  const revoked = members.filter(({ inbox, installation }) =>
    revokedAt({ inbox: registry(inbox), installation, block }),
  );
  return new Set(revoked.map(({ installation }) => installation));
}
