import { sha256 } from "#crypto";
import { equalBytes } from "../crypto/equalBytes.ts";
import { keccak256 } from "../crypto/keccak256.ts";
import { WeftError } from "../errors.ts";
import { utf8 } from "./bytes.ts";
import { checkLength } from "./decodeStrict.ts";
import { type Address, asAddress, asId, fromHex, type Hex, type NodeId, toHex } from "./ids.ts";
import { BATCH_HEADER_BYTES, MAX_BATCH_ENVELOPES } from "./limits.ts";

/** A node's statement over a run of its log; see docs/protocol/formats.md, "Batch and receipt". */
export type BatchHeader = {
  readonly chainId: number;
  readonly nodeRegistry: Address;
  readonly node: NodeId;
  readonly generation: bigint;
  readonly shard: number;
  readonly firstSequence: bigint;
  readonly count: number;
  readonly anchorBlock: number;
  readonly anchorHash: Hex;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** SHA-256 of the log's header before; zeros for the first. */
  readonly previous: Hex;
  readonly root: Hex;
};

const WORD = 32;
const domain = keccak256(utf8("weft.batch.v1"));

/** Encodes a header as `abi.encode` does thirteen words (416 bytes). */
export function encodeBatchHeader(header: BatchHeader): Uint8Array<ArrayBuffer> {
  const words: (Uint8Array | bigint | number)[] = [
    domain,
    header.chainId,
    fromHex(header.nodeRegistry),
    fromHex(header.node),
    header.generation,
    header.shard,
    header.firstSequence,
    header.count,
    header.anchorBlock,
    fromHex(header.anchorHash),
    header.timeMs,
    fromHex(header.previous),
    fromHex(header.root),
  ];
  const bytes = new Uint8Array(BATCH_HEADER_BYTES);
  words.forEach((word, i) => {
    const value =
      typeof word === "object" ? word : fromHex(`0x${BigInt(word).toString(16).padStart(64, "0")}`);
    bytes.set(value, (i + 1) * WORD - value.length);
  });
  return bytes;
}

/** Decodes a header. Throws `malformed` for any other layout or a number out of its type's range. */
export function decodeBatchHeader(bytes: Uint8Array): BatchHeader {
  checkLength({ bytes, length: BATCH_HEADER_BYTES, what: "a batch header" });
  const word = (i: number) => bytes.slice(i * WORD, (i + 1) * WORD);
  const number = (i: number, bits: number) => readUint({ word: word(i), bits });
  if (!equalBytes(word(0), domain)) {
    throw new WeftError({ code: "malformed", message: "a batch header of another domain" });
  }
  if (
    word(2)
      .subarray(0, 12)
      .some((byte) => byte !== 0)
  ) {
    throw new WeftError({ code: "malformed", message: "an address with bytes before it" });
  }
  const header: BatchHeader = {
    chainId: Number(number(1, 53)),
    nodeRegistry: asAddress(word(2).subarray(12)),
    node: asId(word(3)),
    generation: number(4, 64),
    shard: Number(number(5, 32)),
    firstSequence: number(6, 64),
    count: Number(number(7, 32)),
    anchorBlock: Number(number(8, 53)),
    anchorHash: toHex(word(9)),
    timeMs: Number(number(10, 53)),
    previous: toHex(word(11)),
    root: toHex(word(12)),
  };
  if (header.count < 1 || header.count > MAX_BATCH_ENVELOPES) {
    throw new WeftError({ code: "malformed", message: `a batch of ${header.count} envelopes` });
  }
  if (header.firstSequence + BigInt(header.count) > 2n ** 63n) {
    throw new WeftError({ code: "malformed", message: "a sequence beyond 2^63" });
  }
  return header;
}

/** Computes the SHA-256 of an encoded header: it names the batch, whatever its signature. */
export function batchHeaderHash(header: Uint8Array): Hex {
  return toHex(sha256(header));
}

function readUint(params: { word: Uint8Array; bits: number }): bigint {
  const value = BigInt(toHex(params.word));
  if (value >> BigInt(params.bits) !== 0n) {
    throw new WeftError({ code: "malformed", message: `a number of more than ${params.bits} bits` });
  }
  return value;
}
