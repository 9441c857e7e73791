import { type Abi, decodeFunctionResult, encodeFunctionData } from "viem";
import { WeftError } from "../../errors.ts";
import { type Address, asId, type Hex, type InboxId } from "../../wire/ids.ts";
import type { CheckpointPlace, Words, WordsAnswer, WordsQuestion } from "../../wire/words.ts";
import { commitLogAbi } from "../abi/commitLog.ts";
import { identityRegistryAbi } from "../abi/identityRegistry.ts";
import { nodeRegistryAbi } from "../abi/nodeRegistry.ts";
import type { Chain } from "../provider/chain.ts";
import { blockRefOf, type Header, readHeader, readHeaderOf } from "../provider/readHeader.ts";
import { readCheckpointHash } from "./readCheckpointHash.ts";

/** One ABI for all three contracts, because no two of the views that are read share a name. */
const abi: Abi = [...commitLogAbi, ...identityRegistryAbi, ...nodeRegistryAbi];

/** A node's word reads up to eighty slots of storage, and an RPC bounds the gas of a call. */
const NODES_PER_CALL = 100;
const NOTHING: Hex = `0x${"00".repeat(32)}`;

type Reading = { readonly chain: Chain; readonly block: Header; readonly signal: AbortSignal | undefined };

/**
 * Reads what the contracts hold at the end of one block, which is named by its hash; `words` is undefined if the RPC
 * does not have the block on its chain. Throws `chain-unreachable` for every failure of the RPC, also for old state
 * that it no longer has; the signal's reason if it aborts.
 */
export async function readWords(params: {
  chain: Chain;
  question: WordsQuestion;
  signal?: AbortSignal | undefined;
}): Promise<WordsAnswer> {
  const { signal } = params;
  try {
    return await read(params);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new WeftError({ code: "chain-unreachable", message: "words could not be read", cause });
  }
}

async function read(params: {
  chain: Chain;
  question: WordsQuestion;
  signal?: AbortSignal | undefined;
}): Promise<WordsAnswer> {
  const { chain, question, signal } = params;
  const [latest, block] = await Promise.all([
    readHeader({ chain, block: "latest", signal }),
    readHeaderOf({ chain, hash: question.block, signal }),
  ]);
  const head = latest && blockRefOf(latest);
  if (!block || !(await isCanonical({ chain, block, signal }))) return { head, words: undefined };
  const words = await readAt({ reading: { chain, block, signal }, question });
  // What was read by block number belongs to the block's chain only if that is still the RPC's chain.
  if (!(await isCanonical({ chain, block, signal }))) return { head, words: undefined };
  return { head: head && head.number < block.number ? blockRefOf(block) : head, words };
}

async function readAt(params: { reading: Reading; question: WordsQuestion }): Promise<Words> {
  const { reading, question } = params;
  const { entries, inboxes, wallets, nodes, checkpoints, blocks } = question;
  const { commitLog, identityRegistry, nodeRegistry } = reading.chain.network;
  const groups = entries.map(({ group }) => group);
  const ids = entries.map(({ id }) => id);
  const words = (to: Address, name: string, items: number, args: readonly unknown[]) =>
    items === 0 ? [] : call<readonly Hex[]>({ reading, to, name, args });
  const nodeLists = Array.from({ length: Math.ceil(nodes.length / NODES_PER_CALL) }, (_, i) =>
    nodes.slice(i * NODES_PER_CALL, (i + 1) * NODES_PER_CALL),
  );
  const [entryWords, inboxWords, linked, nodeWords, nodeCount, hashes, found] = await Promise.all([
    words(commitLog, "entryWords", entries.length, [groups, ids]),
    words(identityRegistry, "historyWords", inboxes.length, [inboxes]),
    words(identityRegistry, "inboxesOf", wallets.length, [wallets]),
    Promise.all(nodeLists.map((some) => words(nodeRegistry, "nodeWords", some.length, [some]))),
    call<bigint>({ reading, to: nodeRegistry, name: "nodeCount", args: [] }),
    Promise.all(checkpoints.map((place) => checkpointHash(reading, place))),
    Promise.all(blocks.map((number) => ancestor(reading, number))),
  ]);
  return {
    block: blockRefOf(reading.block),
    entries: sized(entryWords, entries),
    inboxes: sized(inboxWords, inboxes),
    wallets: sized(linked, wallets).map((inbox) => (inbox === NOTHING ? undefined : asId<InboxId>(inbox))),
    nodes: sized(nodeWords.flat(), nodes),
    nodeCount: Number(nodeCount),
    checkpoints: hashes,
    blocks: found.map((one) => one && blockRefOf(one)),
  };
}

/** Calls a view of a contract as of the block. Throws if the address had no contract then. */
async function call<T>(params: {
  reading: Reading;
  to: Address;
  name: string;
  args: readonly unknown[];
}): Promise<T> {
  const { reading, to, name, args } = params;
  const { chain, block, signal } = reading;
  const data = encodeFunctionData({ abi, functionName: name, args });
  const at = { blockHash: block.hash, requireCanonical: true };
  const answer = await chain.client.request(
    { method: "eth_call", params: [{ to, data }, at] },
    signal === undefined ? {} : { signal },
  );
  return decodeFunctionResult({ abi, functionName: name, data: answer }) as T;
}

async function checkpointHash({ chain, block, signal }: Reading, place: CheckpointPlace) {
  if (place.block > block.number) return undefined;
  return await readCheckpointHash({ chain, place, signal });
}

async function ancestor({ chain, block, signal }: Reading, number: number): Promise<Header | undefined> {
  if (number > block.number) return undefined;
  if (number === block.number) return block;
  const header = await readHeader({ chain, block: number, signal });
  if (header === undefined) throw new Error(`the RPC does not have block ${number}`);
  return header;
}

/** True if the RPC's chain has the block. Some RPCs ignore `requireCanonical`, some keep blocks that are off it. */
async function isCanonical(params: {
  chain: Chain;
  block: Header;
  signal: AbortSignal | undefined;
}): Promise<boolean> {
  const { chain, block, signal } = params;
  return (await readHeader({ chain, block: block.number, signal }))?.hash === block.hash;
}

function sized<T>(words: readonly T[], asked: readonly unknown[]): readonly T[] {
  if (words.length === asked.length) return words;
  throw new Error(`the RPC gave ${words.length} of ${asked.length} words`);
}
