import { u64 } from "../../wire/bytes.ts";
import { fromHex, toHex } from "../../wire/ids.ts";
import { MAX_GIVEN_NAME_BYTES } from "../../wire/limits.ts";
import { type Note, noteKinds } from "../../wire/notes.ts";
import { keyOfCursor } from "./timelineItem.ts";

type Chosen = Pick<Note, "kind" | "epoch" | "revision" | "id" | "value">;

const EPOCH_BYTES = 8;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * True for a note whose value has the form of its kind, in a message that is sealed to this epoch; of a kind that this
 * version does not know, any has.
 */
export function hasForm({ kind, value }: Pick<Note, "kind" | "value">, sealedTo: number): boolean {
  switch (kind) {
    case noteKinds.conversationConsent:
    case noteKinds.inboxConsent:
      return value.length === 1 && (value[0] ?? 0) <= 2;
    case noteKinds.name:
      return value.length <= MAX_GIVEN_NAME_BYTES && isText(value);
    case noteKinds.draft:
      return isText(value);
    case noteKinds.readPosition:
      return isCursor(value);
    case noteKinds.told:
      return value.length === EPOCH_BYTES && compareBytes(value, u64(sealedTo)) <= 0;
    default:
      return true;
  }
}

/**
 * True if a note stands over another one for the same register. Of places the greater one stands. Otherwise what was
 * chosen in the later epoch stands, then the greater revision, id and value; so devices that know the same notes agree.
 */
export function standsOver(a: Chosen, b: Chosen): boolean {
  const values = compareBytes(a.value, b.value);
  const ids = compareBytes(fromHex(a.id), fromHex(b.id));
  const chosen = a.epoch - b.epoch || a.revision - b.revision || ids;
  return (isPlace(a) ? values || chosen : chosen || values) > 0;
}

/** The value that is noted: a place never goes back. */
export function valueOver({
  kind,
  value,
  before,
}: Pick<Note, "kind" | "value"> & { readonly before: Pick<Note, "value"> | undefined }): Uint8Array {
  return before && isPlace({ kind }) && compareBytes(before.value, value) > 0 ? before.value : value;
}

function isPlace({ kind }: Pick<Note, "kind">): boolean {
  return kind === noteKinds.readPosition || kind === noteKinds.told;
}

/** A choice counts as one of the epoch to which it was sealed at the latest: nobody can choose ahead. */
export function notAhead<One extends Pick<Note, "epoch">>(note: One, sealedTo: number): One {
  return { ...note, epoch: Math.min(note.epoch, sealedTo) };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function isCursor(value: Uint8Array): boolean {
  try {
    keyOfCursor(toHex(value));
    return true;
  } catch {
    return false;
  }
}

function isText(value: Uint8Array): boolean {
  try {
    decoder.decode(value);
    return true;
  } catch {
    return false;
  }
}
