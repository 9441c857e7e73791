import type { BlockRef } from "./blockRef.ts";
import type { StepConsent } from "./identityStep.ts";
import type { Address, EntryId, GroupId, Hex, InboxId, InstallationKey, NodeId } from "./ids.ts";

/** One event of the contracts, and where on the chain it is. `logIndex` counts within the block. */
export type ChainRecord = { readonly block: BlockRef; readonly logIndex: number } & ChainEventBody;

/** An event of IdentityRegistry. */
export type IdentityRecord = Extract<ChainRecord, { readonly inbox: InboxId }>;

export type ChainEventBody = EntryEvent | IdentityEvent | NodeEvent;

type EntryEvent = {
  readonly kind: "entry";
  readonly group: GroupId;
  readonly id: EntryId;
  /** The group id for a first entry. */
  readonly parent: EntryId | GroupId;
  /** How many siblings came before it. */
  readonly index: number;
  readonly authority: Address;
  readonly payload: Uint8Array;
};

type IdentityEvent =
  | {
      readonly kind: "inbox-created";
      readonly inbox: InboxId;
      readonly wallet: Address;
      readonly salt: Hex;
    }
  | {
      readonly kind: "installation-added";
      readonly inbox: InboxId;
      readonly installation: InstallationKey;
      readonly wallet: Address;
      readonly installationSignature: Uint8Array;
      /** True if the installation's signature is not valid: the addition is a step of the history and nothing else. */
      readonly isVoid: boolean;
      readonly consent: StepConsent;
    }
  | {
      readonly kind: "installation-revoked";
      readonly inbox: InboxId;
      readonly installation: InstallationKey;
      readonly by: Address;
      readonly signature: Uint8Array;
    }
  | {
      readonly kind: "wallet-linked";
      readonly inbox: InboxId;
      readonly wallet: Address;
      readonly by: Address;
      readonly walletConsent: StepConsent;
      readonly byConsent: StepConsent;
    }
  | {
      readonly kind: "wallet-unlinked";
      readonly inbox: InboxId;
      readonly wallet: Address;
      readonly by: Address;
      readonly consent: StepConsent;
    }
  | {
      readonly kind: "recovery-proposed";
      readonly inbox: InboxId;
      readonly recovery: Address;
      readonly by: Address;
      /** In force from this second (Unix time) on, unless vetoed. */
      readonly changesAt: number;
      readonly consent: StepConsent;
    }
  | {
      readonly kind: "recovery-vetoed";
      readonly inbox: InboxId;
      readonly recovery: Address;
      readonly by: Address;
      readonly consent: StepConsent;
    };

/** How a node is reached; `peerId` as multihash bytes. The proof of it (64 bytes) is checked by whoever uses it. */
export type NodeAddresses = {
  readonly peerId: Uint8Array;
  readonly peerProof: Uint8Array;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
};

type NodeEvent =
  | ({
      readonly kind: "node-registered";
      readonly node: NodeId;
      readonly operator: Address;
      /** P-256, compressed: 33 bytes. */
      readonly signingKey: Uint8Array;
      readonly bondWei: bigint;
      readonly shards: bigint;
    } & NodeAddresses)
  | ({ readonly kind: "node-addresses"; readonly node: NodeId } & NodeAddresses)
  | { readonly kind: "node-shards"; readonly node: NodeId; readonly shards: bigint }
  | { readonly kind: "node-restarted"; readonly node: NodeId; readonly generation: bigint }
  | { readonly kind: "node-leaving"; readonly node: NodeId; readonly withdrawableAt: number }
  /** The node took its bond back. */
  | { readonly kind: "node-left"; readonly node: NodeId }
  /** The registry no longer holds the node's record. */
  | { readonly kind: "node-dropped"; readonly node: NodeId }
  /** The node signed two headers that contradict each other. */
  | {
      readonly kind: "node-disabled";
      readonly node: NodeId;
      readonly reporter: Address;
      readonly headerA: Uint8Array;
      readonly signatureA: Uint8Array;
      readonly headerB: Uint8Array;
      readonly signatureB: Uint8Array;
    }
  /** The node vouches for its log up to and including `sequence`. */
  | {
      readonly kind: "checkpoint";
      readonly node: NodeId;
      readonly shard: number;
      readonly generation: bigint;
      readonly sequence: bigint;
      readonly headerHash: Hex;
    };
