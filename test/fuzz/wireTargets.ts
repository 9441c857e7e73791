import { readFileSync } from "node:fs";
import { toBinary } from "@bufbuild/protobuf";
import { generateP256 } from "#crypto";
import { WeftError } from "../../src/errors.ts";
import { ControlSchema } from "../../src/gen/weft/v1/entry_pb.ts";
import { decodeAnswer, decodeAsk, encodeAnswer, encodeAsk } from "../../src/mesh/syncMessages.ts";
import { readApplicationMessage } from "../../src/wire/applicationMessage.ts";
import { readArchiveChunk, writeArchiveChunk } from "../../src/wire/archive.ts";
import { type Batch, buildBatch, decodeBatch, encodeBatch } from "../../src/wire/batch.ts";
import { decodeBatchHeader } from "../../src/wire/batchHeader.ts";
import { type ControlInstruction, readControl, writeControl } from "../../src/wire/control.ts";
import { decodeStrict } from "../../src/wire/decodeStrict.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { decodeProof, encodeProof, proofOf, type SignedHeader } from "../../src/wire/equivocation.ts";
import { readGroupContext } from "../../src/wire/groupContext.ts";
import { decodeGroupEnvelope } from "../../src/wire/groupEnvelope.ts";
import { buildHistoryEnvelope, decodeHistoryPayload } from "../../src/wire/historyPayload.ts";
import { decodeIdentityStep, encodeIdentityStep } from "../../src/wire/identityStepCodec.ts";
import {
  asId,
  type EntryId,
  fromHex,
  type GroupId,
  type Hex,
  type Id,
  type NodeId,
} from "../../src/wire/ids.ts";
import { decodeKeyPackageRecord } from "../../src/wire/keyPackageRecord.ts";
import { MAX_ENTRY_PAYLOAD_BYTES } from "../../src/wire/limits.ts";
import { type MessageContent, messageIdOf } from "../../src/wire/messageContent.ts";
import type { Network } from "../../src/wire/network.ts";
import { readNumbered, writeNumbered } from "../../src/wire/numbered.ts";
import { unpad } from "../../src/wire/padme.ts";
import { textPart } from "../../src/wire/part.ts";
import { historyTopic, parseTopic, type TopicKind } from "../../src/wire/topic.ts";
import {
  decodeGroupInfoBundle,
  decodeWelcome,
  encodeGroupInfoBundle,
  encodeWelcome,
  type GroupInfoBundle,
  type Welcome,
} from "../../src/wire/welcome.ts";
import { decodeGroupInfoPayload, decodeWelcomePayload } from "../../src/wire/welcomePayload.ts";
import { everyKindOfStep } from "../support/everyKindOfStep.ts";
import type { Target } from "./target.ts";

const NODE = asId<NodeId>(new Uint8Array(32).fill(5));
const SETTINGS = [1, 7, 300].map((number) => ({ number, value: new Uint8Array(number) }));
const HASH: Hex = `0x${"09".repeat(32)}`;
const ENTRY = asId<EntryId>(HASH);
const controls: readonly ControlInstruction[] = [
  { kind: "delete-message", message: asId(HASH) },
  { kind: "leave" },
  { kind: "request", entry: ENTRY, leaf: HASH },
  { kind: "evidence", entry: ENTRY, pathSecret: new Uint8Array(32), stepIndex: 3 },
];
const WELCOME: Welcome = {
  ...{ group: asId<GroupId>(HASH), entry: ENTRY, keyPackageHash: new Uint8Array(32) },
  encryptedGroupSecrets: new Uint8Array(300),
  groupInfo: { topicId: new Uint8Array(32), key: new Uint8Array(32), chunks: 2 },
};
const BUNDLE: GroupInfoBundle = {
  encryptedGroupInfo: new Uint8Array(500),
  ratchetTree: new Uint8Array(900),
};

/** What peers send each other: batches, as gossip and in answers, and what they ask. */
export function meshTargets(params: { network: Network; envelopes: readonly Envelope[] }): Target[] {
  const { network, envelopes } = params;
  const { chainId, nodeRegistry } = network;
  const place = { node: NODE, generation: 2n, shard: 0, firstSequence: 17n };
  const anchor = { anchorBlock: 9, anchorHash: HASH, timeMs: 1_790_000_000_000, previous: HASH };
  const header = { chainId, nodeRegistry, ...place, ...anchor };
  const { privateKey: signingKey } = generateP256();
  const [few, many] = [envelopes.slice(0, 1), envelopes.slice(0, 8)];
  const batches = [few, many].map((some) => buildBatch({ header, envelopes: some, signingKey }));
  const log = { node: NODE, generation: 2n, shard: 0 };
  const range = { log, floor: 3n, next: 9n, headerHash: HASH };
  const head = { range, highest: 12n };
  const branches = [{ end: 12n, headerHash: HASH }];
  const heads = { kind: "heads", heads: [{ ...head, branches }], clockMs: 1_790_000_000_000 } as const;
  const rivals = [few, many].map((some, at) =>
    buildBatch({ header: { ...header, timeMs: header.timeMs + 1 + at }, envelopes: some, signingKey }),
  );
  const proofs = batches.flatMap((batch, i) => proofOf(signed(batch), signed(rivals[i] ?? batch)) ?? []);
  return [
    { name: "proof of equivocation", samples: proofs.map(encodeProof), read: decodeProof },
    { name: "batch", samples: batches.map(encodeBatch), read: decodeBatch },
    { name: "batch header", samples: batches.map((one) => one.headerBytes), read: decodeBatchHeader },
    {
      name: "sync request",
      samples: [
        encodeAsk(heads),
        encodeAsk({ kind: "range", log, from: 3n, until: 9n, maxBytes: 1_000 }),
        encodeAsk({ kind: "head", log }),
        encodeAsk({ kind: "batch", log, end: 12n, headerHash: HASH }),
        encodeAsk({ kind: "block" }),
      ],
      read: decodeAsk,
    },
    {
      name: "sync answer",
      samples: [
        encodeAnswer(heads),
        encodeAnswer({ kind: "page", batches }),
        encodeAnswer({ kind: "absent", availableFrom: 3n }),
        encodeAnswer({ kind: "pruned", floor: 3n }),
        encodeAnswer({ kind: "head", head }),
        encodeAnswer({ kind: "block", number: 9 }),
        encodeAnswer({ kind: "refused", code: "limit-exceeded", retryAfterMs: 100 }),
      ],
      read: decodeAnswer,
    },
  ];
}

function signed({ headerBytes: header, signature }: Batch): SignedHeader {
  return { header, signature };
}

/** What strangers publish, by kind of topic. An input replaces the payload; its topic stays. */
export function envelopeTargets(params: { envelopes: readonly Envelope[] }): Target[] {
  const kindOf = ({ topic }: Envelope): TopicKind => parseTopic(topic).kind;
  const target = (kind: TopicKind, decode: (envelope: Envelope) => unknown): Target => {
    const own = params.envelopes.filter((one) => kindOf(one) === kind);
    const topicOf = new Map(own.map(({ topic, payload }) => [payload, topic]));
    const [first] = own;
    const read = (payload: Uint8Array): unknown =>
      decode({ topic: topicOf.get(payload) ?? first?.topic ?? new Uint8Array(), payload });
    return { name: `envelope of a ${kind}`, samples: own.map(({ payload }) => payload), read };
  };
  return [
    target("group", ({ payload }) => decodeGroupEnvelope(payload)),
    target("key-package", decodeKeyPackageRecord),
    target("welcome", decodeWelcomePayload),
    target("group-info", decodeGroupInfoPayload),
  ];
}

/** What devices of one inbox publish for each other. */
export async function historyTargets(): Promise<Target[]> {
  const topic = historyTopic(new Uint8Array(32).fill(7));
  const [publicKey, encapsulatedKey] = [new Uint8Array(1216), new Uint8Array(1120)];
  const [tag, ciphertext] = [new Uint8Array(32), new Uint8Array(200)];
  const payloads = await Promise.all(
    [
      { kind: "request", publicKey, tag } as const,
      { kind: "offer", encapsulatedKey, ciphertext, tag } as const,
      { kind: "chunk", number: 3, ciphertext } as const,
    ].map((payload) => buildHistoryEnvelope({ topic, payload })),
  );
  return [
    {
      name: "envelope of a history",
      samples: payloads.map(({ payload }) => payload),
      read: (payload) => decodeHistoryPayload({ topic, payload }),
    },
  ];
}

/** What members say and agree on, and what identities do: behind a seal or a signature, and no more to be trusted. */
export function contentTargets(): Target[] {
  const layouts = readLayouts();
  return [
    { name: "topic", samples: [new Uint8Array(33).fill(1)], read: parseTopic },
    { name: "group context", samples: layouts("group context"), read: ofKind(readGroupContext, "context") },
    { name: "message", samples: layouts("message"), read: ofKind(readApplicationMessage, "message") },
    { name: "padding", samples: layouts("padding"), read: unpad },
    {
      name: "control",
      samples: controls.map((one) => toBinary(ControlSchema, writeControl(one))),
      read: readsControl,
    },
    { name: "Welcome, unwrapped", samples: [encodeWelcome(WELCOME)], read: decodeWelcome },
    { name: "group info, opened", samples: [encodeGroupInfoBundle(BUNDLE)], read: decodeGroupInfoBundle },
    {
      name: "identity step",
      samples: everyKindOfStep().steps.map(encodeIdentityStep),
      read: decodeIdentityStep,
    },
    { name: "archive's chunk", samples: archiveChunks(), read: readArchiveChunk },
    { name: "numbered settings", samples: [writeNumbered(SETTINGS)], read: readNumbered },
  ];
}

/** A page with a message, as devices of one inbox write it for each other. */
function archiveChunks(): Uint8Array[] {
  const id = <T extends Id>(fill: number) => asId<T>(new Uint8Array(32).fill(fill));
  const content: MessageContent = {
    ...{ group: id(1), inbox: id(2), installation: id(3), nonce: `0x${"0a".repeat(16)}` },
    ...{ depth: 1, parents: [], sentAtMs: 1_790_000_000_000, parts: [textPart("hello")] },
  };
  const message = { id: messageIdOf(content), content, epoch: 3, entry: id<EntryId>(4) };
  const about = { name: "Bread", members: [content.inbox], createdAtMs: 1 };
  const page = { group: content.group, about, messages: [message] };
  return [
    writeArchiveChunk({ kind: "page", page }),
    writeArchiveChunk({ kind: "end", end: { pages: 1, isCut: true } }),
  ];
}

/** As a body of an entry that opens holds it. */
function readsControl(bytes: Uint8Array): void {
  const message = decodeStrict({ schema: ControlSchema, bytes, maxBytes: MAX_ENTRY_PAYLOAD_BYTES });
  if (readControl(message) === undefined) throw new WeftError({ code: "malformed", message: "no control" });
}

type Layout = { readonly layout: string; readonly expected: string | { readonly bytes?: string } };

/** The bytes of the golden vectors, by layout. */
function readLayouts(): (layout: string) => Uint8Array[] {
  const text = readFileSync(new URL("../vectors/layouts.json", import.meta.url), "utf8");
  const { cases } = JSON.parse(text) as { cases: readonly Layout[] };
  return (layout) =>
    cases
      .filter((one) => one.layout === layout)
      .flatMap(({ expected }) => (typeof expected === "string" ? expected : (expected.bytes ?? [])))
      .map(fromHex);
}

/** For readers that never throw and name what they read. */
function ofKind(read: (bytes: Uint8Array) => { readonly kind: string }, wanted: string) {
  return (bytes: Uint8Array): void => {
    const { kind } = read(bytes);
    if (kind !== wanted) throw new WeftError({ code: "malformed", message: kind });
  };
}
