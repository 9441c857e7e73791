import { concatBytes } from "../crypto/concatBytes.ts";
import { WeftError } from "../errors.ts";
import { safeNumber, u32, u64 } from "./bytes.ts";
import { fromHex, type Hex, toHex } from "./ids.ts";
import { MAX_NOTE_BYTES, MAX_NOTES } from "./limits.ts";

/** What one device of a person tells the others: the present value of one register. */
export type Note = {
  /** 1 … 255, see `noteKinds`. */
  readonly kind: number;
  /** 32 bytes: what it is about, a conversation or an inbox. */
  readonly subject: Hex;
  /** The epoch of the own room in which the value was chosen; 0: before there was one. */
  readonly epoch: number;
  /** 1 + that of the value that it replaces, or 1 in a later epoch. */
  readonly revision: number;
  /** 16 random bytes: of two values that were chosen at once the one with the greater id stands. */
  readonly id: Hex;
  /** At most MAX_NOTE_BYTES. */
  readonly value: Uint8Array;
};

/** What notes are about. Later versions add kinds; a version that does not know one keeps it and passes it on. */
export const noteKinds = {
  /** Consent to a conversation, one byte: 0 unknown, 1 allowed, 2 blocked. */
  conversationConsent: 1,
  /** Consent to an inbox: likewise. */
  inboxConsent: 2,
  /** What the person calls an inbox: UTF-8; empty: nothing. */
  name: 3,
  /** What the person has begun to write in a conversation: UTF-8; empty: nothing. */
  draft: 4,
  /** How far the person has read a conversation: a cursor of its timeline (44 bytes). The greatest stands. */
  readPosition: 5,
  /**
   * Up to the epoch that this says (u64) all notes were told to those who came into the own room: its subject. The
   * greatest stands.
   */
  told: 6,
} as const;

/** The type of a part that holds notes. */
export const NOTES_TYPE = "application/vnd.weft.notes";

const HEAD_BYTES = 1 + 32 + 8 + 4 + 16 + 2;
export const NOTE_ID_BYTES = 16;

/** kind (u8) ‖ subject (32) ‖ epoch (u64) ‖ revision (u32) ‖ id (16) ‖ length (u16) ‖ value, for each note. */
export function layNotes(notes: readonly Note[]): Uint8Array {
  return concatBytes(
    ...notes.flatMap(({ kind, subject, epoch, revision, id, value }) => [
      ...[Uint8Array.of(kind), fromHex(subject), u64(epoch), u32(revision), fromHex(id)],
      ...[Uint8Array.of(value.length >> 8, value.length & 0xff), value],
    ]),
  );
}

export function noteBytes({ value }: Pick<Note, "value">): number {
  return HEAD_BYTES + value.length;
}

/** Reads notes as `layNotes` lays them out. Throws `malformed` or `too-large`. */
export function readNotes(bytes: Uint8Array): Note[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const notes: Note[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (notes.length === MAX_NOTES) throw new WeftError({ code: "too-large", message: "too many notes" });
    if (bytes.length - at < HEAD_BYTES) throw malformed("is cut off");
    const start = at + HEAD_BYTES;
    const length = view.getUint16(start - 2);
    if (length > MAX_NOTE_BYTES) throw new WeftError({ code: "too-large", message: "a note is too large" });
    if (bytes.length - start < length) throw malformed("is cut off");
    const kind = bytes[at] ?? 0;
    if (kind === 0) throw malformed("has no kind");
    notes.push({
      kind,
      subject: toHex(bytes.subarray(at + 1, at + 33)),
      epoch: safeNumber(view.getBigUint64(at + 33)),
      revision: view.getUint32(at + 41),
      id: toHex(bytes.subarray(at + 45, at + 61)),
      value: bytes.slice(start, start + length),
    });
    at = start + length;
  }
  return notes;
}

function malformed(what: string): WeftError {
  return new WeftError({ code: "malformed", message: `a note ${what}` });
}
