import type { Address, Hex, InboxId, InstallationKey, NodeId } from "../../wire/ids.ts";

/** An inbox as the index has it. */
export type IndexedInbox = {
  readonly inbox: InboxId;
  readonly salt: Hex;
  /** How many steps the inbox's history has, and the word of all of them: see wire/identityStep.ts. */
  readonly count: number;
  readonly word: Hex;
  /** The inbox's installations, revoked ones too, without those whose proof does not verify. */
  readonly installations: readonly IndexedInstallation[];
};

type IndexedInstallation = {
  readonly installation: InstallationKey;
  readonly addedBlock: number;
  readonly revokedBlock: number | undefined;
};

/** The shards that a node served, as a decimal number, until the block in which they changed. */
type FormerShards = { readonly shards: string; readonly untilBlock: number };

/** A node as the index has it. */
export type IndexedNode = {
  readonly node: NodeId;
  readonly operator: Address;
  /** The node's P-256 key, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** The multihash bytes of the libp2p peer id. */
  readonly peerId: Hex;
  /** The peer's signature, 64 bytes: see wire/peerProof.ts. */
  readonly peerProof: Hex;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
  /** The newest generation of the node's logs. */
  readonly generation: number;
  /** The generations before it that are live, the newest last; records of earlier versions of Weft lack them. */
  readonly formerGenerations?: readonly number[];
  readonly registeredBlock: number;
  readonly leavingBlock: number | undefined;
  readonly disabledBlock: number | undefined;
  /** True if the registry has dropped the node's record: then the index keeps no addresses either. */
  readonly isDropped: boolean;
  /** The shards that the node serves, as a decimal number: bit n is set for shard n. */
  readonly shards: string;
  /** The shards that the node served before, the oldest first; of many, the oldest are merged into one. */
  readonly formerShards: readonly FormerShards[];
  /** The bond in wei, as a decimal number. */
  readonly bondWei: string;
  /** When the bond can be withdrawn, in seconds since 1970; 0 unless the node has started to leave. */
  readonly withdrawableAt: number;
};
