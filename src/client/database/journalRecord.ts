import type { TimelineKey } from "../../reconciler/records/timelineRecord.ts";
import type { EntryId, EnvelopeHash, GroupId, InboxId, MessageId } from "../../wire/ids.ts";

/** What one batch has changed in a group, in order; the last of these changes has the number of the record. */
export type JournalRecord = { readonly group: GroupId; readonly events: readonly JournalEvent[] };

/**
 * Names what has changed, and where it stands: whoever reads of it reads it as it is by then. So no text outlives its
 * message in the journal, and whoever reads all events of one thing ends with how it is.
 */
export type JournalEvent =
  /** `isNew`: a message of somebody else's that could not be read before. */
  | { readonly kind: "shown"; readonly key: TimelineKey; readonly isNew?: true }
  | { readonly kind: "hidden"; readonly key: TimelineKey }
  | { readonly kind: "silent"; readonly message: MessageId }
  | { readonly kind: "conversation" }
  /** A member says to have read further. */
  | { readonly kind: "read"; readonly inbox: InboxId }
  /** It came as a request, or the person has decided about it. */
  | { readonly kind: "consent" }
  | { readonly kind: "group" }
  | { readonly kind: "outcome"; readonly envelope: EnvelopeHash }
  | { readonly kind: "entry"; readonly entry: EntryId }
  /** The intent's place in the outbox. */
  | { readonly kind: "intent"; readonly sequence: number };
