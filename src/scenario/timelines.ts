import type { InboxId, MembershipChange, TimelineItem } from "../index.ts";
import { personOf } from "./personOf.ts";
import type { Actor, Stage } from "./stage.ts";
import { readView, type View } from "./view.ts";

/** One client's view of one group, with names in the place of ids. */
export type Timeline = {
  readonly client: string;
  readonly group: string;
  /** The group's name as the client knows it. */
  readonly name: string;
  readonly epoch: number;
  readonly isMember: boolean;
  readonly isOnline: boolean;
  readonly lines: readonly TimelineLine[];
};

export type TimelineLine = { readonly epoch: number } & (
  | { readonly kind: "message"; readonly author: string; readonly text: string }
  | { readonly kind: "withheld"; readonly author: string; readonly state: "deleted" | "fenced" | "expired" }
  | { readonly kind: "change"; readonly author: string; readonly words: string }
  | { readonly kind: "gap"; readonly reason: string }
  /** An epoch that changed nothing but keys, or the first one that the client was in. */
  | { readonly kind: "opening"; readonly words: string }
);

type NameOf = (inbox: InboxId) => string;

/** Every client's timeline of every group that it knows, by group. */
export async function readTimelines(params: { stage: Stage; actors: readonly Actor[] }): Promise<Timeline[]> {
  const { stage, actors } = params;
  const names = new Map(actors.map((actor) => [actor.client.inbox, personOf(actor.name)]));
  const nameOf: NameOf = (inbox) => names.get(inbox) ?? inbox.slice(0, 10);
  const timelines: Timeline[] = [];
  for (const [group, id] of stage.groups) {
    for (const actor of actors) {
      const view = await readView({ actor, group: id });
      if (view === undefined) continue;
      const { isMember } = view;
      const { name, epoch } = view.state;
      const lines = describeView({ view, nameOf });
      timelines.push({ client: actor.name, group, name, epoch, isMember, isOnline: actor.online, lines });
    }
  }
  return timelines;
}

/** Every epoch that the client was in, with what changed or was said in it. */
function describeView(params: { view: View; nameOf: NameOf }): TimelineLine[] {
  const { view, nameOf } = params;
  const present = view.state.epoch;
  const lines = view.items.map((item) => describeItem({ item, present, nameOf }));
  const changed = new Set(lines.filter(({ kind }) => kind === "change").map(({ epoch }) => epoch));
  const openings = view.state.epochs
    .filter(({ epoch }) => !changed.has(epoch))
    .map(({ epoch }): TimelineLine => {
      const words = epoch === view.state.joinedEpoch ? "joined here" : "somebody renewed keys";
      return { kind: "opening", epoch, words };
    });
  return [...openings, ...lines].sort((a, b) => a.epoch - b.epoch);
}

/** `present`: the client's epoch, to which it will seal what waits. */
function describeItem(params: { item: TimelineItem; present: number; nameOf: NameOf }): TimelineLine {
  const { item, present, nameOf } = params;
  const { epoch = present } = item;
  if (item.kind === "gap") return { kind: "gap", epoch, reason: item.reason };
  if (item.kind === "membership") {
    const words = describeChanges({ changes: item.changes, nameOf });
    return { kind: "change", epoch, author: nameOf(item.by), words };
  }
  if (item.kind === "missed") {
    return { kind: "opening", epoch, words: `missed: cut off until epoch ${item.until}` };
  }
  const author = nameOf(item.author);
  if (item.state === "visible" || item.state === "pending") {
    return { kind: "message", epoch, author, text: item.text ?? "" };
  }
  return { kind: "withheld", epoch, author, state: item.state };
}

/** Whom a commit added or removed in one breath, then everything else. */
function describeChanges(params: { changes: readonly MembershipChange[]; nameOf: NameOf }): string {
  const { changes, nameOf } = params;
  const spoken = changes.map((change) => describeChange({ change, nameOf }));
  const verbs = Map.groupBy(spoken, ([verb]) => verb);
  const phrases = [...verbs].map(([verb, told]) => `${verb} ${told.map(([, object]) => object).join(", ")}`);
  return phrases.join("; ") || "renewed keys";
}

/** Verb and object. */
function describeChange(params: { change: MembershipChange; nameOf: NameOf }): [string, string] {
  const { change, nameOf } = params;
  switch (change.kind) {
    case "joined":
      return ["added", nameOf(change.inbox)];
    case "removed":
      return ["removed", nameOf(change.inbox)];
    case "left":
      return ["let go", nameOf(change.inbox)];
    case "installation-added":
      return ["added a device of", nameOf(change.inbox)];
    case "installation-removed":
      return ["removed a device of", nameOf(change.inbox)];
    case "role":
      return [`made ${change.role}`, nameOf(change.inbox)];
    case "renamed":
      return ["renamed the group to", `"${change.name}"`];
    case "disappearing":
      return change.seconds === 0
        ? ["let", "messages stay"]
        : ["let", `messages disappear after ${change.seconds} s`];
  }
}
