import type { StepConsent } from "../../wire/identityStep.ts";
import type { Address, EntryId, GroupId, Hex, InboxId, InstallationKey, NodeId } from "../../wire/ids.ts";
import type { BlockRef } from "./indexedRecords.ts";

export type IndexableAddresses = {
  readonly peerId: Uint8Array;
  readonly peerProof: Uint8Array;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
};

/** The fields of the contracts' events that the index keeps; what the chain room hands over fits. */
export type IndexableRecord = { readonly block: BlockRef; readonly logIndex: number } & (
  | {
      readonly kind: "entry";
      readonly group: GroupId;
      readonly id: EntryId;
      readonly parent: EntryId | GroupId;
      readonly index: number;
      readonly authority: Address;
      readonly payload: Uint8Array;
    }
  | { readonly kind: "inbox-created"; readonly inbox: InboxId; readonly wallet: Address; readonly salt: Hex }
  | {
      readonly kind: "installation-added";
      readonly inbox: InboxId;
      readonly installation: InstallationKey;
      readonly wallet: Address;
      readonly installationSignature: Uint8Array;
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
      readonly changesAt: number;
      readonly consent: StepConsent;
    }
  | {
      readonly kind: "recovery-vetoed";
      readonly inbox: InboxId;
      readonly recovery: Address;
      readonly by: Address;
      readonly consent: StepConsent;
    }
  | ({
      readonly kind: "node-registered";
      readonly node: NodeId;
      readonly operator: Address;
      readonly signingKey: Uint8Array;
      readonly bondWei: bigint;
      readonly shards: bigint;
    } & IndexableAddresses)
  | ({ readonly kind: "node-addresses"; readonly node: NodeId } & IndexableAddresses)
  | { readonly kind: "node-shards"; readonly node: NodeId; readonly shards: bigint }
  | { readonly kind: "node-restarted"; readonly node: NodeId; readonly generation: bigint }
  | { readonly kind: "node-leaving"; readonly node: NodeId; readonly withdrawableAt: number }
  | { readonly kind: "node-disabled"; readonly node: NodeId }
  /** It took its bond back. */
  | { readonly kind: "node-left"; readonly node: NodeId }
  /** The registry holds its record no more. */
  | { readonly kind: "node-dropped"; readonly node: NodeId }
  | {
      readonly kind: "checkpoint";
      readonly node: NodeId;
      readonly generation: bigint;
      readonly shard: number;
      readonly sequence: bigint;
      readonly headerHash: Hex;
    }
);

/** An event of IdentityRegistry. */
export type IdentityRecord = Extract<IndexableRecord, { readonly inbox: InboxId }>;
