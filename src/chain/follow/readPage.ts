import type { RpcLog } from "viem";
import type { BlockRef } from "../../wire/blockRef.ts";
import type { ChainRecord } from "../../wire/chainRecord.ts";
import { asAddress, asId, type Hex } from "../../wire/ids.ts";
import { addressesOf } from "../layout/addressesOf.ts";
import { decodeLog, type RawLog } from "../layout/decodeLog.ts";
import type { Chain } from "../provider/chain.ts";
import { blockRefOf, type Header, readHeader } from "../provider/readHeader.ts";
import { rpcFailure } from "../provider/rpcFailure.ts";
import { mayHoldLogs } from "./mayHoldLogs.ts";

/** Some blocks after `after`, and the records of all blocks up to the last of them, in chain order. */
type Page = { readonly blocks: readonly BlockRef[]; readonly records: readonly ChainRecord[] };

/** `fork`: a reorganization; the blocks do not build on `after`, or changed while they were read. */
export type PageOutcome = ({ readonly kind: "page" } & Page) | { readonly kind: "fork" };

type Range = {
  readonly chain: Chain;
  readonly after: BlockRef;
  readonly to: number;
  readonly signal: AbortSignal | undefined;
};

type Log = RawLog & {
  readonly block: number;
  readonly blockHash: Hex;
  readonly logIndex: number;
  /** The time of the log's block; undefined if the RPC does not tell it. */
  readonly time: number | undefined;
};

const HEADERS_AT_ONCE = 16;

/**
 * Reads blocks near the chain's newest one singly, and the logs of each by the block's hash: an RPC that does not have
 * the block can't answer "no logs", and a reorganization in between shows as a broken link. The page ends before the
 * first block that could not be read; throws only if that is the very first.
 */
export async function readRecentPage(params: Range & { head: Header }): Promise<PageOutcome> {
  const { chain, after, to, head, signal } = params;
  const numbers = Array.from({ length: to - after.number }, (_, i) => after.number + 1 + i);
  const readBlock = async (number: number) => {
    const header = number === head.number ? head : await readKnownHeader({ chain, block: number, signal });
    const logs = await readLogs({ chain, filter: { blockHash: header.hash }, signal });
    if (logs.length === 0) await confirmNoLogs({ chain, header, signal });
    return { header, logs };
  };
  const blocks: BlockRef[] = [];
  const logs: Log[] = [];
  for (const read of await Promise.allSettled(numbers.map(readBlock))) {
    const previous = blocks.at(-1) ?? after;
    if (read.status === "rejected") {
      if (previous === after) throw read.reason;
      break;
    }
    const { header } = read.value;
    if (header.parentHash !== previous.hash && previous.hash !== UNKNOWN_HASH) {
      if (previous === after) return { kind: "fork" };
      break;
    }
    blocks.push(blockRefOf(header));
    logs.push(...read.value.logs);
  }
  return { kind: "page", blocks, records: recordsOf({ chain, logs, blocks }) };
}

/**
 * Reads the logs of old blocks in one request, and the headers of the first block, of the last one, and of those whose
 * logs do not tell the block's time. Throws the RPC's error, also for too wide a range.
 */
export async function readOldPage(params: Range): Promise<PageOutcome> {
  const { chain, after, to, signal } = params;
  const from = after.number + 1;
  const first = await readKnownHeader({ chain, block: from, signal });
  if (first.parentHash !== after.hash && after.hash !== UNKNOWN_HASH) return { kind: "fork" };
  const filter = { fromBlock: quantity(from), toBlock: quantity(to) };
  const logs = await readLogs({ chain, filter, signal });
  const known = new Map([[from, blockRefOf(first)]]);
  for (const { block: number, blockHash: hash, time } of logs) {
    if (time !== undefined && !known.has(number)) known.set(number, { number, hash, time });
  }
  const numbers = [...new Set([...logs.map((log) => log.block), to])].sort((a, b) => a - b);
  const unread = numbers.filter((number) => number === to || !known.has(number));
  for (const header of await readHeaders({ chain, numbers: unread, signal })) {
    known.set(header.number, blockRefOf(header));
  }
  const blocks = numbers.flatMap((number) => known.get(number) ?? []);
  if (logs.some((log) => known.get(log.block)?.hash !== log.blockHash)) return { kind: "fork" };
  return { kind: "page", blocks, records: recordsOf({ chain, logs, blocks }) };
}

/** Stands for the hash of the block before the contracts' first one, which is never read. */
export const UNKNOWN_HASH: Hex = `0x${"00".repeat(32)}`;

async function readKnownHeader(params: {
  chain: Chain;
  block: number;
  signal: AbortSignal | undefined;
}): Promise<Header> {
  const header = await readHeader(params);
  if (header === undefined) throw new Error(`the RPC does not have block ${params.block}`);
  return header;
}

async function readHeaders(params: {
  chain: Chain;
  numbers: readonly number[];
  signal: AbortSignal | undefined;
}): Promise<Header[]> {
  const { chain, numbers, signal } = params;
  const headers: Header[] = [];
  for (let i = 0; i < numbers.length; i += HEADERS_AT_ONCE) {
    const slice = numbers.slice(i, i + HEADERS_AT_ONCE);
    headers.push(...(await Promise.all(slice.map((block) => readKnownHeader({ chain, block, signal })))));
  }
  return headers;
}

async function readLogs(params: {
  chain: Chain;
  filter: { blockHash: Hex } | { fromBlock: Hex; toBlock: Hex };
  signal: AbortSignal | undefined;
}): Promise<Log[]> {
  const { client, network } = params.chain;
  const logs = await client.request(
    { method: "eth_getLogs", params: [{ address: [...addressesOf(network)], ...params.filter }] },
    params.signal === undefined ? {} : { signal: params.signal },
  );
  return logs.map((log) => placeLog(log)).sort((a, b) => a.block - b.block || a.logIndex - b.logIndex);
}

/**
 * Throws if the RPC left out logs of a block. Some RPCs have a block before they find its logs; some have a backend
 * that never finds them. So unless the block's header rules out that there are logs, the block's receipts decide.
 */
async function confirmNoLogs(params: {
  chain: Chain;
  header: Header;
  signal: AbortSignal | undefined;
}): Promise<void> {
  const { chain, header, signal } = params;
  const contracts = addressesOf(chain.network);
  if (header.logsBloom === undefined || !mayHoldLogs({ bloom: header.logsBloom, contracts })) return;
  const receipts = await chain.client
    .request(
      { method: "eth_getBlockReceipts" as never, params: [header.hash] as never },
      signal ? { signal } : {},
    )
    .catch((error: unknown) => {
      if (rpcFailure(error) === "unreachable") throw error;
      // Not every RPC gives a block's receipts, and a Bloom filter may match by chance.
      return undefined;
    });
  const logs = ((receipts ?? []) as readonly { readonly logs?: readonly RpcLog[] }[]).flatMap(
    (one) => one.logs ?? [],
  );
  const isOurs = ({ address }: RpcLog): boolean => contracts.includes(asAddress(address));
  if (logs.some(isOurs)) throw new Error(`the RPC leaves out the logs of block ${header.number}`);
}

function placeLog(log: RpcLog): Log {
  const { address, topics, data, blockNumber, blockHash, logIndex, blockTimestamp } = log;
  if (blockNumber === null || blockHash === null || logIndex === null) {
    throw new Error("the RPC answers with logs that are in no block");
  }
  return {
    address,
    topics,
    data,
    block: Number(blockNumber),
    blockHash: asId(blockHash),
    logIndex: Number(logIndex),
    time: typeof blockTimestamp === "string" ? Number(blockTimestamp) : undefined,
  };
}

function recordsOf(params: {
  chain: Chain;
  logs: readonly Log[];
  blocks: readonly BlockRef[];
}): ChainRecord[] {
  const blocks = new Map(params.blocks.map((block) => [block.hash, block]));
  return params.logs.flatMap((log) => {
    const block = blocks.get(log.blockHash);
    if (block === undefined) throw new Error("the RPC answers with logs of another block");
    const body = decodeLog({ network: params.chain.network, log });
    return body === undefined ? [] : [{ ...body, block, logIndex: log.logIndex }];
  });
}

function quantity(value: number): Hex {
  return `0x${value.toString(16)}`;
}
