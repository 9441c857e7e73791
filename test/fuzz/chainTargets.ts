import { encodeErrorResult, encodeFunctionResult } from "viem";
import { openAead, sealAead } from "#crypto";
import { commitLogAbi } from "../../src/chain/abi/commitLog.ts";
import { decodeLog, type RawLog } from "../../src/chain/layout/decodeLog.ts";
import type { Chain } from "../../src/chain/provider/chain.ts";
import { readWords } from "../../src/chain/read/readWords.ts";
import { appendTogether } from "../../src/chain/relay/appendTogether.ts";
import { openRelayer } from "../../src/chain/submit/openRelayer.ts";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { generateSecp256k1PrivateKey } from "../../src/crypto/secp256k1.ts";
import { WeftError } from "../../src/errors.ts";
import { createInstallation } from "../../src/identity/createInstallation.ts";
import {
  type EntryPlace,
  openEntryPayload,
  openSignedBody,
  readRequest,
  sealEntryPayload,
} from "../../src/wire/entry.ts";
import { asAddress, asId, type EntryId, fromHex, type GroupId, type Hex, toHex } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";
import { readEntryWord, type WordsQuestion } from "../../src/wire/words.ts";
import type { Target } from "./target.ts";

const WORD_BYTES = 32;
const ADDRESS_BYTES = 20;
const MAX_TOPICS = 4;
const VERSION = 1;
const NONCE_BYTES = 12;
const HASH: Hex = `0x${"09".repeat(32)}`;
const AUTHORITY = asAddress(new Uint8Array(ADDRESS_BYTES).fill(10));

const NOTHING = { inboxes: [], wallets: [], nodes: [], checkpoints: [], blocks: [] };
const ENTRY = { group: asId<GroupId>(HASH), id: asId<GroupId>(HASH) };
const QUESTION: WordsQuestion = { ...NOTHING, block: HASH, entries: [ENTRY, ENTRY] };
const wordsAnswer = encodeFunctionResult({
  abi: commitLogAbi,
  functionName: "entryWords",
  result: [HASH, HASH],
});
const refusal = encodeErrorResult({ abi: commitLogAbi, errorName: "Stale", args: [7] });
const appendAnswer = encodeFunctionResult({
  abi: commitLogAbi,
  functionName: "appendMany",
  result: [
    { id: HASH, refusal },
    { id: HASH, refusal },
  ],
});

/**
 * What a provider may tell: logs, as address, number of topics, topics and data; words of entries; what contracts
 * return. And what is behind a seal: entries, by those who have the key.
 */
export function chainTargets(params: { network: Network; logs: readonly RawLog[] }): Target[] {
  const { network, logs } = params;
  const { key, place, installation, payloads } = sealedEntries(network);
  const relayer = openRelayer({ privateKey: toHex(generateSecp256k1PrivateKey()) });
  return [
    {
      name: "entry's payload",
      samples: payloads,
      read: (payload) => reads(openEntryPayload({ ...place, network, key, payload }).kind, "opened"),
    },
    {
      name: "entry's body",
      samples: payloads.map((payload) => openAead({ key, ...partsOf(place, payload) }) ?? payload),
      read: (plaintext) => {
        const payload = sealedAs({ key, place, plaintext });
        reads(openEntryPayload({ ...place, network, key, payload }).kind, "opened");
      },
    },
    {
      name: "entry's request",
      samples: payloads.flatMap((payload) => {
        const opened = openSignedBody({ ...place, network, key, payload });
        return opened.kind === "opened" && opened.body.instruction.case === "control" ? [opened.bytes] : [];
      }),
      read: (bytes) => {
        const { group, parent } = place;
        const request = readRequest({ network, group, parentOf: () => parent, bytes });
        reads(request?.installation, installation);
      },
    },
    {
      name: "contract's words",
      samples: [fromHex(wordsAnswer)],
      read: (bytes) => readWords({ chain: answering(network, bytes), question: QUESTION }),
    },
    {
      name: "answer of appendMany",
      samples: [fromHex(appendAnswer)],
      read: (bytes) => {
        const chain = answering(network, bytes);
        const waits = { permit: undefined, resolve: () => undefined, reject: () => undefined };
        const signature = new Uint8Array(65);
        const appends = payloads.map((payload) => ({ ...place, limit: 0, payload, signature }));
        return appendTogether({ chain, relayer, items: appends.map((append) => ({ append, ...waits })) });
      },
    },
    {
      name: "log",
      samples: logs.map(bytesOfLog),
      read: (bytes) => decodeLog({ network, log: logOf(bytes) }),
    },
    {
      name: "entry word",
      samples: [new Uint8Array(WORD_BYTES).fill(1)],
      read: (bytes) => readEntryWord(toHex(paddedWord(bytes))),
    },
  ];
}

/** A chain whose provider returns these bytes from each call of a contract, and gives one block and nothing else. */
function answering(network: Network, bytes: Uint8Array): Chain {
  const block = { number: "0x9", hash: HASH, timestamp: "0x1", parentHash: HASH };
  const request = async ({ method }: { method: string }) => {
    if (method === "eth_call") return toHex(bytes);
    if (method.startsWith("eth_getBlockBy")) return block;
    throw new Error(`no ${method}`);
  };
  const providers = { all: [], current: undefined };
  return { network, client: { request }, providers } as unknown as Chain;
}

/** A commit and a request, as a member seals them. */
function sealedEntries(network: Network) {
  const { key: installation, privateKey } = createInstallation();
  const key = new Uint8Array(32).fill(3);
  const place = { group: asId<GroupId>(HASH), parent: asId<GroupId>(HASH), authority: AUTHORITY };
  const request = { kind: "request", entry: asId<EntryId>(HASH), leaf: HASH } as const;
  const instructions = [
    { case: "commit", value: new Uint8Array(200).fill(1) },
    { case: "control", value: request },
  ] as const;
  const payloads = instructions.map((instruction) => {
    const body = { instruction, authority: AUTHORITY, registryBlock: 8, installation };
    return sealEntryPayload({ ...place, network, key, body, installationPrivateKey: privateKey });
  });
  return { key, place, installation, payloads };
}

function partsOf({ group, parent }: EntryPlace, payload: Uint8Array) {
  const nonce = payload.subarray(1, 1 + NONCE_BYTES);
  const aad = concatBytes(fromHex(group), fromHex(parent));
  return { nonce, aad, ciphertext: payload.subarray(1 + NONCE_BYTES) };
}

function sealedAs(params: { key: Uint8Array; place: EntryPlace; plaintext: Uint8Array }): Uint8Array {
  const { key, place, plaintext } = params;
  const nonce = new Uint8Array(NONCE_BYTES);
  const { aad } = partsOf(place, nonce);
  return concatBytes(Uint8Array.of(VERSION), nonce, sealAead({ key, nonce, aad, plaintext }));
}

/** For readers that never throw. */
function reads<T>(read: T, wanted: T): void {
  if (read !== wanted) throw new WeftError({ code: "malformed", message: String(read) });
}

function bytesOfLog({ address, topics, data }: RawLog): Uint8Array {
  return concatBytes(fromHex(address), Uint8Array.of(topics.length), ...topics.map(fromHex), fromHex(data));
}

function logOf(bytes: Uint8Array): RawLog {
  const address = toHex(bytes.slice(0, ADDRESS_BYTES));
  const count = Math.min(MAX_TOPICS, bytes[ADDRESS_BYTES] ?? 0);
  const from = ADDRESS_BYTES + 1;
  const topics = Array.from({ length: count }, (_, i) =>
    toHex(paddedWord(bytes.slice(from + i * WORD_BYTES, from + (i + 1) * WORD_BYTES))),
  );
  return { address, topics, data: toHex(bytes.slice(from + count * WORD_BYTES)) };
}

/** Words that a provider gives are of this length, or no words. */
function paddedWord(bytes: Uint8Array): Uint8Array {
  const word = new Uint8Array(WORD_BYTES);
  word.set(bytes.slice(0, WORD_BYTES));
  return word;
}
