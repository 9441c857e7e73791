import type { Hex, MessageId } from "./ids.ts";

/** What a message does to another one. */
export type Relation = {
  /** 1 … 255, see `relationKinds`. */
  readonly kind: number;
  /** The id of the first version of a message; undefined: names none. */
  readonly target?: MessageId;
  /** 1 + the highest that the author saw of its inbox's relations of this kind and key to this target. */
  readonly revision: number;
  /** What the register is kept for besides the target, at most 64 bytes: of a reaction, its text in UTF-8. */
  readonly key?: Hex;
  /** Numbered byte strings, see `readNumbered`. */
  readonly extra?: Uint8Array;
};

/** The kinds of relations that this version knows. */
export const relationKinds = {
  /** Shown, linked to its target. */
  reply: 1,
  /** By the target's inbox: its parts replace what the target shows. */
  edit: 64,
  /** By the target's inbox: the target is shown no more. */
  delete: 65,
  /** With one part it sets a reaction, without any it takes it back. */
  react: 66,
  /** Its inbox has read up to the target. */
  read: 67,
  /** In an own room: what one device tells the person's others. It names no target. */
  notes: 68,
} as const;

/** The kind of a relation that stands (below) and of one that is silent; the second range of each is the apps' own. */
const SILENT_RANGES = [
  [64, 127],
  [192, 255],
] as const;

/**
 * True for a message that is shown in its place, also if this version does not know its relation's kind; false for a
 * silent one, which only does something to another message.
 */
export function isStanding({ relation }: { readonly relation?: Relation }): boolean {
  return !SILENT_RANGES.some(([first, last]) => relation && relation.kind >= first && relation.kind <= last);
}
