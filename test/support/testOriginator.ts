import { generateP256, sha256 } from "#crypto";
import { type Batch, buildBatch } from "../../src/wire/batch.ts";
import { type BatchHeader, batchHeaderHash } from "../../src/wire/batchHeader.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { asId, type Hex, type NodeId, toHex } from "../../src/wire/ids.ts";
import type { LogId } from "../../src/wire/logRange.ts";
import { testNetwork } from "./testNetwork.ts";

/** A node's keys without the node: signs batches of its log, in order or whatever a test says. */
export type TestOriginator = {
  readonly log: LogId;
  readonly signingPublicKey: Uint8Array;
  readonly signingKey: Uint8Array;
  /** Signs the next batch; `header` overrides, as a dishonest node would. */
  readonly next: (envelopes: readonly Envelope[], header?: Partial<BatchHeader>) => Batch;
};

const ZERO_HASH: Hex = `0x${"00".repeat(32)}`;

export function testOriginator(name: string): TestOriginator {
  const { publicKey, privateKey } = generateP256();
  const node = asId<NodeId>(sha256(new TextEncoder().encode(name)));
  const log: LogId = { node, generation: 1n, shard: 0 };
  let firstSequence = 0n;
  let previous = ZERO_HASH;
  const next: TestOriginator["next"] = (envelopes, header = {}) => {
    const batch = buildBatch({
      header: {
        ...log,
        chainId: testNetwork.chainId,
        nodeRegistry: testNetwork.nodeRegistry,
        firstSequence,
        anchorBlock: 10,
        anchorHash: toHex(sha256(Uint8Array.of(10))),
        timeMs: Date.now(),
        previous,
        ...header,
      },
      envelopes,
      signingKey: privateKey,
    });
    firstSequence = batch.header.firstSequence + BigInt(batch.header.count);
    previous = batchHeaderHash(batch.headerBytes);
    return batch;
  };
  return { log, signingPublicKey: publicKey, signingKey: privateKey, next };
}

/** An envelope of a topic kind (first byte) and a one-byte topic id, with `text` as its opaque payload. */
export function testEnvelope(params: { topic: number; text: string; kind?: number }): Envelope {
  const topic = new Uint8Array(33);
  topic[0] = params.kind ?? 1;
  topic[32] = params.topic;
  return { topic, payload: new TextEncoder().encode(params.text) };
}
