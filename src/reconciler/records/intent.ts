import {
  ADDRESS_BYTES,
  type Address,
  asAddress,
  asId,
  type EntryId,
  type EnvelopeHash,
  type GroupId,
  type Hex,
  type InboxId,
  type MessageId,
  type NodeId,
} from "../../wire/ids.ts";
import type { MessageContent } from "../../wire/messageContent.ts";
import type { Refusals } from "../nodes/refusals.ts";
import type { IntentReason } from "../policy/reasons.ts";
import type { Role } from "../policy/roleOf.ts";

export type IntentOutcome =
  | { readonly kind: "delivered" }
  | { readonly kind: "failed"; readonly reason: IntentReason };

/**
 * Somebody by inbox id (32 bytes) or by wallet address (20 bytes); a node resolves the address when one is reachable.
 */
export type Invitee = InboxId | Address;

/** Takes 32 bytes for an inbox id and 20 for a wallet address. Throws `malformed` for anything else. */
export function asInvitee(name: Hex): Invitee {
  return name.length === 2 + 2 * ADDRESS_BYTES ? asAddress(name) : asId<InboxId>(name);
}

/**
 * What the app asked for. A send, of a text or of the deletion of an own message, becomes an envelope. All others
 * become entries: controls (delete, leave) or commits.
 */
export type Action =
  | { readonly kind: "create"; readonly name: string; readonly members: readonly Invitee[] }
  | { readonly kind: "add"; readonly members: readonly Invitee[] }
  | { readonly kind: "remove"; readonly members: readonly Invitee[] }
  /** `routine`: the app did not ask for it, so messages do not wait for it. */
  | { readonly kind: "rotate"; readonly routine?: boolean }
  | { readonly kind: "rename"; readonly name: string }
  | { readonly kind: "set-disappearing"; readonly seconds: number }
  | { readonly kind: "set-role"; readonly members: readonly [Invitee]; readonly role: Role }
  /** Deletes somebody else's message; `author` is undefined if the message is not in the database. */
  | { readonly kind: "delete"; readonly message: MessageId; readonly author: InboxId | undefined }
  | { readonly kind: "leave" }
  /** Upkeep, which any member may do for the group; the app did not ask for it. */
  | { readonly kind: "upkeep" }
  /** Sends the Welcomes of an entry whose author does not send them; the app did not ask for it. */
  | { readonly kind: "welcome"; readonly entry: EntryId }
  /** Shows those who came in by this entry that another member follows it; the app did not ask for it. */
  | { readonly kind: "confirm"; readonly entry: EntryId }
  /** This client can't follow an entry: it sends evidence that nobody can, or else a request to be added again. */
  | { readonly kind: "appeal"; readonly entry: EntryId }
  /** `isExpired`: the message has disappeared here, and its content with it. */
  | {
      readonly kind: "send";
      readonly content: MessageContent;
      readonly message: MessageId;
      readonly isExpired?: true;
    };

/** How far an intent is. Every step is durable before it takes effect outside. */
export type Progress =
  /** Nothing is under way: it can be staged or sealed. */
  | { readonly kind: "queued" }
  /**
   * An entry is staged and waits for the chain to show it; the state that a commit opens is stored under the entry's
   * id.
   */
  | {
      readonly kind: "staged";
      readonly entry: EntryId;
      readonly parent: EntryId | GroupId;
      /** The number of the parent's children that the chain must show before this entry can be sent (again). */
      readonly needsChildren: number;
      /**
       * From this block on the entry can be sent anyhow: a reorganization may have taken a child that this client has
       * never read.
       */
      readonly needsUntilBlock?: number;
      /** How often siblings by others came first that were all refused in the end. */
      readonly stales?: number;
      /** The chain's newest block when a relaying node last got the entry; undefined before that. */
      readonly submitted: { readonly block: number; readonly atMs: number } | undefined;
      /** The refusals by nodes that were asked to relay the entry. */
      readonly refusals?: Refusals;
    }
  /** A message's bytes are on disk and are offered to nodes. */
  | { readonly kind: "sealed"; readonly head: EntryId; readonly envelope: EnvelopeHash }
  /** All entries count and Welcomes are on the way. `failure`: why the rest of a large addition was not done. */
  | { readonly kind: "landed"; readonly failure?: IntentReason | undefined }
  | { readonly kind: "settled"; readonly outcome: IntentOutcome };

export type Intent = {
  /** 16 random bytes. */
  readonly id: Hex;
  /** The place in the order of the outbox. */
  readonly sequence: number;
  readonly group: GroupId;
  readonly action: Action;
  readonly createdAtMs: number;
  readonly progress: Progress;
  /** The inboxes that the action names; undefined until a node has resolved them. */
  readonly resolved: readonly InboxId[] | undefined;
  /** Those of these inboxes whose place in the group still has to change: the reason for the intent. */
  readonly remaining: readonly InboxId[] | undefined;
  /**
   * Nodes that were asked about the people whom the intent concerns: none of them relays its entry if another node
   * answers.
   */
  readonly lookedUpAt?: readonly NodeId[];
  /** Own entries of this intent that are adopted or count. */
  readonly landed: readonly EntryId[];
  /** Earlier sealings of a message that came too late. */
  readonly replaces: readonly EnvelopeHash[];
  /** Members when the message was first sealed: sealing again must not reach others. */
  readonly audience: readonly InboxId[] | undefined;
  readonly acknowledged: boolean;
  readonly racesLost: number;
  readonly rebased: number;
  readonly attempts: number;
  readonly retryAtMs: number;
  readonly retryAtBlock: number;
  /** One node alone tells the facts for this intent, and nobody has confirmed them: messages go on meanwhile. */
  readonly awaits?: "witness" | undefined;
};

export function isOpen(intent: Intent): boolean {
  return intent.progress.kind !== "settled";
}

/** True for an intent that goes to the chain. */
export function isOrdered(intent: Intent): boolean {
  return intent.action.kind !== "send";
}

/** Ends an intent in failure; members whom an already landed part of it has added are welcomed first. */
export function failed(intent: Intent, reason: IntentReason): Intent {
  if (intent.landed.length > 0) return { ...intent, progress: { kind: "landed", failure: reason } };
  return settled(intent, { kind: "failed", reason });
}

export function settled(intent: Intent, outcome: IntentOutcome): Intent {
  return { ...intent, progress: { kind: "settled", outcome } };
}
