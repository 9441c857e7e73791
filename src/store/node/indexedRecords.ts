import type { Address, Hex, InboxId, InstallationKey, NodeId } from "../../wire/ids.ts";

export type IndexedInbox = {
  readonly inbox: InboxId;
  readonly salt: Hex;
  /** How many steps its history has, and the word that they give: see wire/identityStep.ts. */
  readonly count: number;
  readonly word: Hex;
  /** Without those whose addition is void. */
  readonly installations: readonly IndexedInstallation[];
};

type IndexedInstallation = {
  readonly installation: InstallationKey;
  readonly addedBlock: number;
  readonly revokedBlock: number | undefined;
};

/** In decimal digits, until the block in which that changed. */
type FormerShards = { readonly shards: string; readonly untilBlock: number };

export type IndexedNode = {
  readonly node: NodeId;
  readonly operator: Address;
  /** P-256, compressed: 33 bytes. */
  readonly signingKey: Hex;
  /** Multihash bytes. */
  readonly peerId: Hex;
  /** 64 bytes: see wire/peerProof.ts. */
  readonly peerProof: Hex;
  readonly multiaddrs: readonly string[];
  readonly httpAddress: string;
  readonly generation: number;
  /** The newest of those before it, the newest last; records of earlier versions lack it. */
  readonly formerGenerations?: readonly number[];
  readonly registeredBlock: number;
  readonly leavingBlock: number | undefined;
  readonly disabledBlock: number | undefined;
  /** The registry holds its record no more: of how it was reached nothing is kept. */
  readonly isDropped: boolean;
  /** In decimal digits: bit n is set if it serves shard n. */
  readonly shards: string;
  /** What it served before, the oldest first; the two oldest of many are one, which has the shards of both. */
  readonly formerShards: readonly FormerShards[];
  /** In decimal digits. */
  readonly bondWei: string;
  /** Seconds since 1970; 0 unless it said that it leaves. */
  readonly withdrawableAt: number;
};
