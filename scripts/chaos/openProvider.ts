import { setTimeout as delay } from "node:timers/promises";
import { keccak256 } from "viem";
import { callRpc } from "../../src/devnet/callRpc.ts";
import type { Hex } from "../../src/wire/ids.ts";
import { type Intercept, type RpcAnswer, type RpcRequest, startRpcShim } from "../../test/chain/rpcShim.ts";

/**
 * How a node's chain provider is: `stuck` knows no block behind the newest one then and answers all the same, `loses`
 * takes transactions, tells their hashes and loses them, `silent` takes questions and never answers, `refuses` says
 * that it is too much, `broken` answers with a page of its proxy's, `gone` ends every connection.
 */
export const providerMoods = ["stuck", "loses", "silent", "refuses", "broken", "gone"] as const;
export type ProviderMood = (typeof providerMoods)[number];

export type Provider = AsyncDisposable & {
  readonly rpcUrl: string;
  readonly turn: (mood: ProviderMood) => Promise<void>;
  readonly slow: (ms: number) => void;
  readonly mend: () => void;
};

const TOO_MUCH = { code: -32_005, message: "limit exceeded" };

/** Stands between one node and the chain. */
export async function openProvider(params: { rpcUrl: string }): Promise<Provider> {
  const { rpcUrl } = params;
  const well: Intercept = () => undefined;
  let answer = well;
  const shim = await startRpcShim({ rpcUrl, intercept: (request) => answer(request) });
  return {
    rpcUrl: shim.rpcUrl,
    turn: async (mood) => {
      answer = mood === "stuck" ? await stuckNow({ rpcUrl }) : moodOf(mood);
    },
    slow: (ms) => {
      answer = async () => void (await delay(ms));
    },
    mend: () => {
      answer = well;
    },
    [Symbol.asyncDispose]: () => shim[Symbol.asyncDispose](),
  };
}

function moodOf(mood: Exclude<ProviderMood, "stuck">): Intercept {
  if (mood === "silent") return () => "hang";
  if (mood === "gone") return () => "drop";
  if (mood === "refuses") return () => ({ error: TOO_MUCH });
  if (mood === "broken") return () => ({ status: 502 });
  return ({ method, params: [raw] }) =>
    method === "eth_sendRawTransaction" ? { result: keccak256(raw as Hex) } : undefined;
}

type Ask = (args: readonly unknown[]) => Promise<RpcAnswer>;

async function stuckNow({ rpcUrl }: { rpcUrl: string }): Promise<Intercept> {
  const last = Number(await callRpc<string>({ rpcUrl, method: "eth_blockNumber" }));
  return (request) => {
    const ask: Ask = async (args) => ({
      result: await callRpc<unknown>({ rpcUrl, method: request.method, args }),
    });
    return asOf({ request, last, ask });
  };
}

/** As the chain was when `last` was its newest block. */
async function asOf(params: { request: RpcRequest; last: number; ask: Ask }): Promise<RpcAnswer> {
  const { request, last, ask } = params;
  const { method } = request;
  const [first, ...others] = request.params;
  const newest = `0x${last.toString(16)}`;
  if (method === "eth_blockNumber") return { result: newest };
  if (method === "eth_getBlockByNumber") {
    if (isNumber(first) && Number(first) > last) return { result: null };
    return await ask([isNumber(first) || first === "earliest" ? first : newest, ...others]);
  }
  if (method === "eth_getTransactionReceipt") {
    const receipt = (await ask(request.params)) as { result?: { blockNumber?: string } | null };
    return Number(receipt.result?.blockNumber ?? 0) > last ? { result: null } : (receipt as RpcAnswer);
  }
  if (method !== "eth_getLogs") return undefined;
  const filter = first as { blockHash?: string; fromBlock?: string; toBlock?: string };
  if (filter.blockHash !== undefined) return undefined;
  const from = isNumber(filter.fromBlock) ? Number(filter.fromBlock) : last;
  if (from > last) return { result: [] };
  const isWithin = isNumber(filter.toBlock) && Number(filter.toBlock) <= last;
  return await ask([
    { ...filter, fromBlock: `0x${from.toString(16)}`, toBlock: isWithin ? filter.toBlock : newest },
  ]);
}

function isNumber(tag: unknown): tag is string {
  return typeof tag === "string" && tag.startsWith("0x");
}
