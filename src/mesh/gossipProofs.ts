import { TopicValidatorResult } from "@chainsafe/libp2p-gossipsub";
import type { Libp2p } from "@libp2p/interface";
import { isWeftError } from "../errors.ts";
import { decodeProof, type EquivocationProof, encodeProof, verifyProof } from "../wire/equivocation.ts";
import { fromHex } from "../wire/ids.ts";
import type { Network } from "../wire/network.ts";
import type { MeshServices } from "./gossip.ts";
import type { MeshLogger } from "./meshLogger.ts";
import { findNode, type NodeDirectory } from "./nodeDirectory.ts";

/** Returns the gossip topic for proofs of equivocation, which all nodes hear, whatever shards they serve. */
export function proofTopic({ chainId, nodeRegistry }: Network): string {
  return `/weft/1/${chainId}/${nodeRegistry}/proofs`;
}

type Verdict =
  | { readonly kind: "valid"; readonly proof: EquivocationProof }
  | { readonly kind: "unknown" | "bad" };

/** Judges a proof's bytes. `unknown`: the accused node is not in this node's index; `bad`: the proof proves nothing. */
export function judgeProof(params: {
  bytes: Uint8Array;
  network: Network;
  directory: NodeDirectory;
}): Verdict {
  const { bytes, network, directory } = params;
  try {
    const proof = decodeProof(bytes);
    const node = findNode(directory, proof.node);
    if (node === undefined) return { kind: "unknown" };
    const isValid = verifyProof({ proof, network, signingKey: fromHex(node.signingKey) });
    return isValid ? { kind: "valid", proof } : { kind: "bad" };
  } catch (error) {
    if (isWeftError(error)) return { kind: "bad" };
    throw error;
  }
}

/** Listens to proofs. A new one is kept, then forwarded; one about a node that was proven guilty before is ignored. */
export function listenToProofs(params: {
  libp2p: Libp2p<MeshServices>;
  network: Network;
  directory: NodeDirectory;
  /** Keeps a proof, on disk when it resolves. False: there was a proof about that node before. */
  keep: (proof: EquivocationProof) => Promise<boolean>;
  logger: MeshLogger;
}): void {
  const { libp2p, network, directory, keep, logger } = params;
  const { gossip } = libp2p.services;
  const topic = proofTopic(network);
  gossip.topicValidators.set(topic, async (peer, { data }) => {
    const verdict = judgeProof({ bytes: data, network, directory });
    if (verdict.kind === "bad") {
      logger.warn({ from: peer.toString() }, "a proof of equivocation that proves nothing");
      return TopicValidatorResult.Reject;
    }
    const isNew = verdict.kind === "valid" && (await keep(verdict.proof).catch(() => false));
    return isNew ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore;
  });
  gossip.subscribe(topic);
}

/** Hands a proof to gossip. Never throws: a peer that misses the proof finds the two batches by sync. */
export async function publishProof(params: {
  libp2p: Libp2p<MeshServices>;
  network: Network;
  proof: EquivocationProof;
  logger: MeshLogger;
}): Promise<void> {
  const { libp2p, network, proof, logger } = params;
  try {
    await libp2p.services.gossip.publish(proofTopic(network), encodeProof(proof));
  } catch (error) {
    logger.debug({ error }, "a proof could not be published");
  }
}
