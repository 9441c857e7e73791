import type { ErrorCode } from "../../errors.ts";
import type { Address, ConversationId, GroupId, InboxId, InstallationKey, NodeId } from "../../wire/ids.ts";
import type { Consent } from "../database/consents.ts";
import type { DeviceClock } from "../nodes/chainTime.ts";
import type { RelayTrouble } from "../nodes/ownRelay.ts";
import type { Lie } from "../witness/witnesses.ts";

/** What is told as it happens, and not kept. */
export type Notice =
  /** The person has allowed or blocked a conversation, or whoever brought it. */
  | {
      readonly kind: "consent";
      readonly group: GroupId;
      readonly consent: Consent;
      /** The inbox that brought the conversation; undefined if it is no request. */
      readonly by: InboxId | undefined;
    }
  /** The person has allowed or blocked somebody, or taken that back. */
  | { readonly kind: "consent"; readonly inbox: InboxId; readonly consent: Consent }
  /** What the person has begun to write in a conversation; empty: nothing. */
  | { readonly kind: "draft"; readonly group: ConversationId; readonly text: string }
  /** What the person calls an inbox; empty: nothing. */
  | { readonly kind: "name"; readonly inbox: InboxId; readonly name: string }
  /** More requests came than are kept: this one is gone from the database, with all that was in it. */
  | { readonly kind: "forgotten"; readonly group: GroupId }
  /** What the registry says of this installation changed how a group stands; read `groupStatus`. */
  | { readonly kind: "group"; readonly group: GroupId }
  /** The node that served the group left out entries or messages: the group is read elsewhere from now on. */
  | {
      readonly kind: "withheld";
      readonly what: "entries" | "messages";
      readonly group: GroupId;
      readonly node: NodeId;
    }
  /** A node left out Welcomes of this installation's bucket: they are read elsewhere from now on. */
  | { readonly kind: "withheld"; readonly what: "welcomes"; readonly node: NodeId }
  /**
   * Nothing can be kept: the disk is full (`disk-full`), damaged or not permitted. Until it works the client stays
   * offline, and what the app asks of it is refused with this code.
   */
  | {
      readonly kind: "storage-trouble";
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string;
    }
  /** Nothing gets to the chain by the client's own endpoint and account (`openClient({ chain })`): it is tried again. */
  | ({ readonly kind: "chain-trouble"; readonly account: Address } & RelayTrouble)
  /** What a node said of the chain is contradicted. */
  | ({ readonly kind: "lied" } & Lie)
  /**
   * The device's clock is wrong, or right again: `offsetMs` says by how many milliseconds it is ahead of the chain's
   * time. Nothing depends on it but what people are shown, and what Weft itself shows is put right.
   */
  | ({ readonly kind: "clock" } & DeviceClock)
  /** This installation was revoked: whatever it tries from now on fails. */
  | { readonly kind: "revoked" }
  /**
   * Another database has used the keys of this one, which is a copy or was restored, or the chain lists its installation
   * so that it can never count: it becomes a new installation. What was not sealed yet fails as `copied`.
   */
  | { readonly kind: "copied"; readonly installation: InstallationKey }
  /** A disk that had failed was read again: list anew what is shown. */
  | { readonly kind: "missed" };

export type EventFeed = {
  readonly emit: (notice: Notice) => void;
  readonly listen: (listener: (notice: Notice) => void) => () => void;
};

export function createEventFeed(): EventFeed {
  const listeners = new Set<(notice: Notice) => void>();
  return {
    emit: (notice) => {
      for (const listener of listeners) listener(notice);
    },
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
