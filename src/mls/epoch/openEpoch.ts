import type { GroupState } from "../groupState.ts";
import type { RatchetTree } from "../tree/ratchetTree.ts";
import type { GroupContext } from "./groupContext.ts";
import { confirmationTagOf, type EpochSecrets, nextInterimTranscriptHash } from "./keySchedule.ts";
import { createSecretTree } from "./secretTree.ts";

/** Computes the state at the start of an epoch, and the confirmation tag that its commit has to carry. */
export function openEpoch(params: {
  context: GroupContext;
  tree: RatchetTree;
  ownLeafIndex: number;
  privateKeys: ReadonlyMap<number, Uint8Array>;
  secrets: EpochSecrets;
}): { state: GroupState; confirmationTag: Uint8Array } {
  const { context, tree, ownLeafIndex, privateKeys, secrets } = params;
  const { confirmedTranscriptHash } = context;
  const { confirmationKey, encryptionSecret } = secrets;
  const confirmationTag = confirmationTagOf({ confirmationKey, confirmedTranscriptHash });
  const state = {
    ...{ context, tree, ownLeafIndex, privateKeys },
    secretTree: createSecretTree({ encryptionSecret, width: tree.width }),
    interimTranscriptHash: nextInterimTranscriptHash({ confirmedTranscriptHash, confirmationTag }),
    senderDataSecret: secrets.senderDataSecret,
    membershipKey: secrets.membershipKey,
    exporterSecret: secrets.exporterSecret,
    epochAuthenticator: secrets.epochAuthenticator,
    initSecret: secrets.initSecret,
  };
  return { state, confirmationTag };
}
