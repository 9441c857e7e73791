import { concatBytes } from "../crypto/concatBytes.ts";
import { equalBytes } from "../crypto/equalBytes.ts";
import { labeledHash } from "./bytes.ts";
import { asId, type DirectId, fromHex, ID_BYTES, type InboxId } from "./ids.ts";
import { readNumbered, writeNumbered } from "./numbered.ts";

/**
 * What a group is for, set when it is founded. Direct conversations and own rooms are closed: only the inboxes that are
 * named may have leaves in them, and all have equal rights.
 */
export type GroupKind = { readonly kind: "group" } | ClosedKind;

export type ClosedKind =
  /** Two people talk to each other; the inboxes are in ascending order. */
  | { readonly kind: "direct"; readonly inboxes: readonly [InboxId, InboxId] }
  /** One person's installations among themselves. */
  | { readonly kind: "own"; readonly inboxes: readonly [InboxId] };

/** The number of the kind among a group's settings. A group in which everybody may be a member has no such setting. */
const KIND_NUMBER = 1;
const DIRECT = 1;
const OWN = 2;
const ANY: GroupKind = { kind: "group" };

/** Gives the kind of a direct conversation between two inboxes, in either order. */
export function directKind(one: InboxId, other: InboxId): ClosedKind & { readonly kind: "direct" } {
  return { kind: "direct", inboxes: one < other ? [one, other] : [other, one] };
}

/** Computes the id by which a device knows all direct conversations between two inboxes as one. */
export function directIdOf({ inboxes }: { readonly inboxes: readonly InboxId[] }): DirectId {
  return asId(labeledHash({ label: "weft.direct.v1", fields: inboxes.map(fromHex) }));
}

/** Encodes settings that hold a kind and nothing else: its number (1: direct, 2: own), then the inboxes. */
export function writeKind({ kind, inboxes }: ClosedKind): Uint8Array {
  const value = concatBytes(Uint8Array.of(kind === "direct" ? DIRECT : OWN), ...inboxes.map(fromHex));
  return writeNumbered([{ number: KIND_NUMBER, value }]);
}

/**
 * Reads the kind from a group's settings, which have to be numbered as `readNumbered` says; `undefined` for a kind of
 * another form. Never throws.
 */
export function readKind(settings: Uint8Array): GroupKind | undefined {
  const value = kindBytes(settings);
  if (value === undefined) return ANY;
  const [kind, ...rest] = value;
  const inboxes = Array.from({ length: Math.floor(rest.length / ID_BYTES) }, (_, i) =>
    asId<InboxId>(value.slice(1 + i * ID_BYTES, 1 + (i + 1) * ID_BYTES)),
  );
  const [one, other] = inboxes;
  if (rest.length !== inboxes.length * ID_BYTES || one === undefined) return undefined;
  if (kind === OWN && inboxes.length === 1) return { kind: "own", inboxes: [one] };
  const isPair = other !== undefined && inboxes.length === 2 && one < other;
  return kind === DIRECT && isPair ? { kind: "direct", inboxes: [one, other] } : undefined;
}

/** True if two groups' settings have the same kind. */
export function haveSameKind(settings: Uint8Array, others: Uint8Array): boolean {
  const none = new Uint8Array();
  return equalBytes(kindBytes(settings) ?? none, kindBytes(others) ?? none);
}

function kindBytes(settings: Uint8Array): Uint8Array | undefined {
  return readNumbered(settings)?.find(({ number }) => number === KIND_NUMBER)?.value;
}
