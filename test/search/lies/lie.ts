import type { OwnKeyPackage } from "../../../src/identity/createKeyPackageRecord.ts";
import type { NodeApi, StoredEnvelope } from "../../../src/rpc/nodeApi.ts";
import type { Append } from "../../../src/wire/append.ts";
import type { Envelope } from "../../../src/wire/envelope.ts";
import type { GroupId, InstallationKey, NodeId } from "../../../src/wire/ids.ts";
import type { Network } from "../../../src/wire/network.ts";
import type { Block } from "../memoryChain.ts";

/** What nodes can lie about; `detail` says which of the lies about it. */
export const lieTopics = [
  "registry",
  "order",
  "existence",
  "completeness",
  "nodes",
  "topics",
  "answers",
] as const;
export type LieTopic = (typeof lieTopics)[number];

/** The chain as a liar tells it: made anew of the true one, whenever that has changed. */
export type Forge = (blocks: readonly Block[]) => readonly Block[];

/** One lie: what it changes of the chain, and of answers that are not about the chain. */
export type Lie = {
  readonly name: string;
  readonly forge?: Forge;
  /** Blocks that it changes get hashes of their own; else the liar tells it of the blocks that everybody has. */
  readonly needsOwnHashes?: boolean;
  /** Answers of the node's API as they are changed; they go on to what they are given. */
  readonly answers?: (api: NodeApi, notice: () => void, liar: Liar) => Partial<NodeApi>;
  /** An installation in nobody's inbox, that waits for a Welcome. */
  readonly ghost?: Ghost;
  /** Takes the place of handing an append to the chain; true if it did. */
  readonly swallow?: (append: Append) => boolean;
  /** Those who are lied to reach nobody else. */
  readonly eclipses?: boolean;
};

export type Liar = {
  readonly network: Network;
  readonly node: NodeId;
  readonly signingKey: Uint8Array;
  /** Of envelopes, those that whoever is lied to has not read by any way. */
  readonly unread: (envelopes: readonly StoredEnvelope[]) => Promise<readonly StoredEnvelope[]>;
};

export type Ghost = {
  readonly installation: InstallationKey;
  readonly keyPackage: OwnKeyPackage;
  readonly envelope: Envelope;
};

/** What a lie is made from. */
export type Scene = {
  readonly group: GroupId;
  /** Chooses among what there is. */
  readonly detail: number;
  /** The number of the chain's last block. */
  readonly since: number;
};
