import type { GroupId, Hex, InboxId, MessageId, Network } from "../../src/index.ts";
import type { Report } from "./judge.ts";

/** What the parent asks of a client's process, by name: what is given, what is answered. */
export type Acts = {
  open: { given: Place; answer: InboxId };
  found: { given: { name: string; members: readonly InboxId[] }; answer: GroupId };
  /** Promotes everybody else, and resolves when that is on the chain. */
  promote: { given: { group: GroupId; members: readonly InboxId[] }; answer: true };
  say: { given: { group: GroupId; text: string }; answer: MessageId };
  rename: { given: { group: GroupId; name: string }; answer: true };
  /** Talks in both groups, and adds, removes and renames in the second one, until it is told otherwise. */
  talk: { given: Talk | undefined; answer: true };
  standing: { given: { group: GroupId }; answer: Standing | undefined };
  rest: { given: { groups: readonly GroupId[] }; answer: Rest };
  report: { given: { group: GroupId }; answer: Report | undefined };
  close: { given: undefined; answer: true };
};

export type Place = {
  readonly directory: string;
  readonly privateKey: Hex;
  readonly network: Network;
  readonly nodes: readonly string[];
};

export type Talk = {
  readonly seed: number;
  /** Everybody is in it, always. */
  readonly hall: GroupId;
  /** Members come and go. */
  readonly salon: GroupId;
  readonly everybody: readonly InboxId[];
};

export type Standing = {
  readonly membership: string;
  readonly epoch: number;
  readonly head: Hex;
  readonly name: string;
  readonly members: readonly InboxId[];
};

/** What is left to do, in words, and a number that goes up with whatever is done. */
export type Rest = { readonly left: readonly string[]; readonly changes: number };

export type Ask = { readonly turn: number; readonly act: keyof Acts; readonly given: unknown };

/** What a client's process tells: answers, and what happens meanwhile. */
export type Word =
  | { readonly kind: "answer"; readonly turn: number; readonly value?: unknown; readonly error?: string }
  | {
      readonly kind: "said";
      readonly id: MessageId;
      readonly group: GroupId;
      readonly intent: Hex;
      readonly text: string;
    }
  | { readonly kind: "acknowledged"; readonly intent: Hex }
  | { readonly kind: "settled"; readonly action: string; readonly outcome: string }
  | { readonly kind: "shown"; readonly ids: readonly MessageId[] }
  | { readonly kind: "refused"; readonly code: string }
  /** What must never be: an error that nobody catches, or one without a code. */
  | { readonly kind: "fault"; readonly what: string }
  | {
      readonly kind: "logged";
      readonly level: "warn" | "error";
      readonly message: string;
      readonly about: string;
    };
