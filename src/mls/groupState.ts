import type { GroupContext } from "./epoch/groupContext.ts";
import type { SecretTree } from "./epoch/secretTree.ts";
import type { RatchetTree } from "./tree/ratchetTree.ts";

/** What opens the application messages of one epoch, and nothing else. Never changed: every step gives a new one. */
export type EpochKeys = {
  readonly context: GroupContext;
  readonly tree: RatchetTree;
  readonly ownLeafIndex: number;
  readonly senderDataSecret: Uint8Array;
  readonly secretTree: SecretTree;
};

/** A member's view of a group in one epoch. */
export type GroupState = EpochKeys & {
  readonly interimTranscriptHash: Uint8Array;
  readonly membershipKey: Uint8Array;
  readonly exporterSecret: Uint8Array;
  readonly epochAuthenticator: Uint8Array;
  readonly initSecret: Uint8Array;
  /** X25519 private keys by position, of the own leaf and of nodes above it. */
  readonly privateKeys: ReadonlyMap<number, Uint8Array>;
};
