import assert from "node:assert/strict";
import { sha256 } from "#crypto";
import { inboxIdOf } from "../../../src/chain/layout/inboxIdOf.ts";
import { nodeIdOf } from "../../../src/chain/layout/nodeIdOf.ts";
import { signAppend } from "../../../src/chain/sign/signAppend.ts";
import { encapsulateXwing, xwingKeyPairFromSeed } from "../../../src/crypto/xwing.ts";
import type { InboxHistory } from "../../../src/identity/inboxHistory.ts";
import { replayHistory } from "../../../src/identity/replayHistory.ts";
import { viewTagOf } from "../../../src/identity/viewTag.ts";
import { rankNodes } from "../../../src/reconciler/nodes/rankNodes.ts";
import { writeApplicationMessage } from "../../../src/wire/applicationMessage.ts";
import { type BatchHeader, batchHeaderHash, encodeBatchHeader } from "../../../src/wire/batchHeader.ts";
import { entryId, groupIdOf } from "../../../src/wire/entry.ts";
import { envelopeHash } from "../../../src/wire/envelope.ts";
import { type GroupContext, writeGroupContext } from "../../../src/wire/groupContext.ts";
import {
  certifyPostingKey,
  decodeGroupEnvelope,
  verifyGroupEnvelope,
} from "../../../src/wire/groupEnvelope.ts";
import { EMPTY_WORD } from "../../../src/wire/identityStep.ts";
import { decodeIdentityStep } from "../../../src/wire/identityStepCodec.ts";
import {
  type Address,
  type EntryId,
  type EnvelopeHash,
  fromHex,
  type GroupId,
  type Hex,
  type InboxId,
  type InstallationKey,
  type NodeId,
} from "../../../src/wire/ids.ts";
import { signInstallationProof } from "../../../src/wire/installationProof.ts";
import * as limits from "../../../src/wire/limits.ts";
import { merkleRoot } from "../../../src/wire/merkle.ts";
import { messageIdOf } from "../../../src/wire/messageContent.ts";
import type { Network } from "../../../src/wire/network.ts";
import { pad } from "../../../src/wire/padme.ts";
import { signPeerProof } from "../../../src/wire/peerProof.ts";
import { solveWork, workBits } from "../../../src/wire/proofOfWork.ts";
import { shardOfTopic } from "../../../src/wire/shards.ts";
import { groupInfoTopic, groupTopic, keyPackageTopic, welcomeTopic } from "../../../src/wire/topic.ts";
import { contentOfJson, type JsonContent } from "./contentOfJson.ts";
import type { VectorFile } from "./vectorFile.ts";

type Entry = { group: GroupId; parent: EntryId; authority: Address; payload: Hex };
type Head = { network: Network; group: GroupId; head: EntryId };

/** What each layout is made of; bytes as hexadecimal. */
type LayoutInputs = {
  limits: object;
  "group id": { genesis: Address };
  "inbox id": { wallet: Address; salt: Hex };
  "node id": { operator: Address; signingKey: Hex };
  "entry id": Entry;
  "append signature": Entry & { network: Network; privateKey: Hex; limit: number };
  "history words": { network: Network; inbox: InboxId; steps: readonly Hex[] };
  "installation proof": { network: Network; inbox: InboxId; privateKey: Hex };
  "peer proof": { network: Network; node: NodeId; privateKey: Hex };
  "group context": Omit<GroupContext, "salt" | "extra"> & { salt: Hex; extra: Hex };
  topics: { id: Hex };
  "shard of a topic": { topic: Hex; shards: number };
  "envelope hash": { topic: Hex; payload: Hex };
  "posting certificate": Head & { postingKey: Hex; authorityKey: Hex };
  "group envelope": Omit<Head, "head"> & { authority: Address; payload: Hex };
  "batch header": Omit<BatchHeader, "generation" | "firstSequence"> & {
    generation: string;
    firstSequence: string;
  };
  "Merkle root": { leaves: readonly Hex[] };
  "proof of work": { topic: Hex; content: Hex };
  "bits of work": { bytes: readonly number[] };
  "view tag": { topic: Hex; wrapperSeed: Hex; randomness: Hex };
  padding: { bytes: Hex };
  message: { content: JsonContent; replaces: readonly EnvelopeHash[] };
  "rank of nodes": { nodes: readonly NodeId[]; day: number; salt: Hex };
};

type LayoutInput = {
  [Name in keyof LayoutInputs]: { layout: Name; of: LayoutInputs[Name] };
}[keyof LayoutInputs];

export type LayoutVectors = VectorFile<object, LayoutInput>;

/** What each gives for fixed inputs: bytes, hashes, or signatures where those are deterministic. */
const layouts: { readonly [Name in keyof LayoutInputs]: (of: LayoutInputs[Name]) => unknown } = {
  limits: () => limits,
  "group id": ({ genesis }) => groupIdOf(genesis),
  "inbox id": inboxIdOf,
  "node id": ({ operator, signingKey }) => nodeIdOf({ operator, signingKey: fromHex(signingKey) }),
  "entry id": (of) => entryId({ ...of, payload: fromHex(of.payload) }),
  "append signature": (of) =>
    signAppend({ ...of, payload: fromHex(of.payload), privateKey: fromHex(of.privateKey) }),
  "installation proof": (of) => signInstallationProof({ ...of, privateKey: fromHex(of.privateKey) }),
  "peer proof": (of) => signPeerProof({ ...of, privateKey: fromHex(of.privateKey) }),
  "history words": replaySteps,
  "group context": (of) => writeGroupContext({ ...of, salt: fromHex(of.salt), extra: fromHex(of.extra) }),
  topics: ({ id }) => ({
    group: groupTopic(id as GroupId),
    "key package": keyPackageTopic(id as InstallationKey),
    welcome: welcomeTopic(id as InstallationKey),
    "group info": groupInfoTopic(fromHex(id)),
  }),
  "shard of a topic": (of) => shardOfTopic({ ...of, topic: fromHex(of.topic) }),
  "envelope hash": ({ topic, payload }) => envelopeHash({ topic: fromHex(topic), payload: fromHex(payload) }),
  "posting certificate": (of) =>
    certifyPostingKey({
      ...of,
      postingKey: fromHex(of.postingKey),
      authorityKey: fromHex(of.authorityKey),
    }),
  "group envelope": ({ payload, ...of }) =>
    verifyGroupEnvelope({ ...of, envelope: decodeGroupEnvelope(fromHex(payload)) }),
  "batch header": (of) => {
    const numbers = { generation: BigInt(of.generation), firstSequence: BigInt(of.firstSequence) };
    const bytes = encodeBatchHeader({ ...of, ...numbers });
    return { bytes, hash: batchHeaderHash(bytes) };
  },
  "Merkle root": ({ leaves }) => merkleRoot(leaves.map(fromHex)),
  "proof of work": ({ topic, content }) => solveWork({ topic: fromHex(topic), content: fromHex(content) }),
  "bits of work": ({ bytes }) => bytes.map(workBits),
  "view tag": (of) => {
    const [topic, randomness] = [fromHex(of.topic), fromHex(of.randomness)];
    const wrapperKey = xwingKeyPairFromSeed(fromHex(of.wrapperSeed)).publicKey;
    const made = encapsulateXwing({ publicKey: wrapperKey, randomness });
    assert.ok(made);
    const { encapsulation } = made;
    const viewTag = viewTagOf({ topic, ...made });
    return { encapsulation: sha256(encapsulation), viewTag };
  },
  padding: ({ bytes }) => pad(fromHex(bytes)),
  message: (of) => {
    const content = contentOfJson(of.content);
    return { id: messageIdOf(content), bytes: writeApplicationMessage({ ...of, content }) };
  },
  "rank of nodes": ({ nodes, day, salt }) =>
    rankNodes({ nodes: nodes.map((node) => ({ node })), day, salt: fromHex(salt) }).map(({ node }) => node),
};

/** The word after each step of a history, and what the steps come to. */
function replaySteps(params: { network: Network; inbox: InboxId; steps: readonly Hex[] }) {
  const { network, inbox } = params;
  const words: Hex[] = [];
  let known: InboxHistory | undefined;
  for (const bytes of params.steps) {
    const steps = [decodeIdentityStep(fromHex(bytes))];
    const replay = replayHistory({ network, inbox, known, steps });
    if (replay.kind === "impossible") return { words, fault: replay.fault };
    known = replay.history;
    words.push(known?.word ?? EMPTY_WORD);
  }
  assert.ok(known);
  const { wallets, installations, recovery, proposal } = known;
  return { words, wallets, installations, recovery, proposal };
}

export function replayLayout({ input }: { input: LayoutInput }): unknown {
  const write = layouts[input.layout] as ((of: LayoutInput["of"]) => unknown) | undefined;
  assert.ok(write, `a layout ${input.layout}`);
  return write(input.of);
}
