import type { InstallationKey } from "../../wire/ids.ts";
import { isInTime } from "../entries/judgeAppeal.ts";
import type { EntryRecord } from "../records/records.ts";
import { decisiveChild } from "../view/decisiveChild.ts";
import type { KnownGroup } from "../view/knownGroup.ts";

export type AppealState =
  /** Nothing has cut this client off. */
  | { readonly kind: "none" }
  | { readonly kind: "to-make"; readonly contested: EntryRecord }
  /** The request or the evidence is on the chain. */
  | { readonly kind: "made"; readonly contested: EntryRecord }
  /** Neither got there in time: an admin has to remove this client and add it again. */
  | { readonly kind: "too-late" };

/** Tells how far this client, if it was cut off, is with telling that to the others. */
export function appealOf(params: {
  group: Pick<KnownGroup, "view" | "agreed">;
  self: InstallationKey;
}): AppealState {
  const { group, self } = params;
  const { children, record } = group.view;
  const contested =
    record.status === "cut-off" ? decisiveChild({ children, parent: record.head }) : undefined;
  if (!contested) return { kind: "none" };
  const isMade = children
    .get(record.head)
    ?.some(
      ({ verdict }) =>
        verdict.kind === "control" &&
        verdict.writer.installation === self &&
        (verdict.instruction.kind === "request" || verdict.instruction.kind === "evidence") &&
        verdict.instruction.entry === contested.id,
    );
  if (isMade) return { kind: "made", contested };
  const isLate = !isInTime({ contested, block: group.agreed.number + 1 });
  return isLate ? { kind: "too-late" } : { kind: "to-make", contested };
}

/** True if this client may have evidence: it got a secret that gives all keys of the path. */
export function mayProve({ verdict }: EntryRecord): boolean {
  const proofs: readonly string[] = ["bad-confirmation-tag", "other-authority"];
  return verdict.kind === "cut-off" && proofs.includes(verdict.reason);
}
