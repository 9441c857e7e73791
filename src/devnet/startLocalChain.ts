import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type DevelopmentAccount, developmentAccounts } from "../chain/deploy/developmentAccounts.ts";
import { createSerialQueue } from "../clock/serialQueue.ts";
import { WeftError } from "../errors.ts";
import { callRpc } from "./callRpc.ts";
import { type LocalChainKind, localChainCommand, MAX_REORG_BLOCKS } from "./localChainCommand.ts";
import { type Child, spawnChild } from "./spawnChild.ts";

export type LocalChain = AsyncDisposable & {
  readonly rpcUrl: string;
  readonly chainId: number;
  /** Funded with 10,000 each; public keys of the development seed. */
  readonly accounts: readonly DevelopmentAccount[];
  /** Settles when the chain's process is gone, with the reason in words. */
  readonly exited: Promise<string>;
  /** No new blocks from when it settles; reads and the mempool go on. */
  readonly pause: () => Promise<void>;
  readonly resume: () => void;
  /** Mines `count` blocks at once, also while paused. */
  readonly mine: (count: number) => Promise<void>;
  /** Replaces the newest `depth` blocks by empty ones; their transactions are gone for good. */
  readonly reorg: (params: { depth: number }) => Promise<ReorgOutcome>;
};

/** `not-supported`: Hardhat's node has no reorgs; `too-deep`: more blocks than there are or than Anvil keeps. */
export type ReorgOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly reason: "not-supported" | "too-deep" };

export const DEFAULT_BLOCK_MS = 250;
const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_CHAIN_ID = 31_337;
const ACCOUNTS = 50;
const ACCOUNT_BALANCE_WEI = 10n ** 22n;
const START_TIMEOUT_MS = 30_000;
const MINE_TIMEOUT_MS = 10_000;
const READY = /(?:Listening on |server at http:\/\/)([\d.]+:\d+)/;

type StartParams = {
  readonly kind: LocalChainKind;
  /** Time between two blocks. */
  readonly blockMs?: number;
  readonly chainId?: number;
  /** An IPv4 address of its own to listen on; 127.0.0.1 if absent. */
  readonly host?: string;
  /** A free one if absent. */
  readonly port?: number;
  /** A command that runs it elsewhere, as `ip netns exec NAME`; it must not stay as a process of its own. */
  readonly within?: readonly string[];
  /** Where Anvil keeps the chain between two runs; only in memory if absent. */
  readonly stateDir?: string;
  readonly signal?: AbortSignal;
  /** Gets what the operator should see: errors, the end of the process. */
  readonly onLog?: (line: string) => void;
};

/**
 * Starts a chain in a process of its own, on 127.0.0.1 unless told, and mines a block every `blockMs`. Aborting or disposing ends it.
 * Throws `chain-unreachable` with what the process printed if it does not start.
 */
export async function startLocalChain(params: StartParams): Promise<LocalChain> {
  const { kind, signal } = params;
  signal?.throwIfAborted();
  const chainId = params.chainId ?? DEFAULT_CHAIN_ID;
  const { child, rpcUrl } = await startProcess({ ...params, chainId });
  const onLog = params.onLog ?? (() => undefined);
  const call = <T>(method: string, args: readonly unknown[] = []) => callRpc<T>({ rpcUrl, method, args });
  const accounts = developmentAccounts({ count: ACCOUNTS });
  if (kind === "hardhat") await prepareHardhat({ call, accounts });

  const stopped = new AbortController();
  const { run: exclusively } = createSerialQueue();
  let paused = false;
  const mining = mineRegularly({
    blockMs: params.blockMs ?? DEFAULT_BLOCK_MS,
    signal: stopped.signal,
    onLog,
    mine: () => exclusively(async () => (paused ? undefined : mineOnce(rpcUrl))),
  });
  void child.exited.then((reason) => {
    if (!stopped.signal.aborted) onLog(`the local chain ${reason}`);
    stopped.abort();
  });
  const dispose = async () => {
    stopped.abort();
    signal?.removeEventListener("abort", onAbort);
    await mining;
    await child[Symbol.asyncDispose]();
  };
  const onAbort = () => void dispose();
  signal?.addEventListener("abort", onAbort);

  return {
    rpcUrl,
    chainId,
    accounts,
    exited: child.exited,
    pause: () => {
      paused = true;
      return exclusively(async () => undefined);
    },
    resume: () => {
      paused = false;
    },
    mine: (count) =>
      exclusively(async () => {
        for (let i = 0; i < count; i++) await call("evm_mine");
      }),
    reorg: ({ depth }) =>
      exclusively(async () =>
        kind === "hardhat" ? { kind: "refused", reason: "not-supported" } : reorg({ call, depth }),
      ),
    [Symbol.asyncDispose]: dispose,
  };
}

/** A node that hangs answers nothing: with a limit that is told of. */
function mineOnce(rpcUrl: string): Promise<unknown> {
  return callRpc({ rpcUrl, method: "evm_mine", signal: AbortSignal.timeout(MINE_TIMEOUT_MS) });
}

type Call = <T>(method: string, args?: readonly unknown[]) => Promise<T>;

async function startProcess(
  params: StartParams & { chainId: number },
): Promise<{ child: Child; rpcUrl: string }> {
  const { kind, chainId, stateDir } = params;
  if (stateDir !== undefined) await mkdir(stateDir, { recursive: true });
  const stateFile = stateDir === undefined ? undefined : join(stateDir, "chain.json");
  const printed: string[] = [];
  const ready = Promise.withResolvers<string>();
  const { host = DEFAULT_HOST, port = 0, within = [] } = params;
  const program = localChainCommand({ kind, host, port, chainId, accounts: ACCOUNTS, stateFile });
  const [command = "", ...args] = [...within, program.command, ...program.args];
  const child = spawnChild({
    ...{ command, args, cwd: program.cwd },
    onLine: (line) => {
      if (printed.length < 200) printed.push(line);
      const address = READY.exec(line)?.[1];
      if (address !== undefined) ready.resolve(`http://${address}`);
    },
  });
  const failed = child.exited.then((reason) => Promise.reject(new Error(reason)));
  const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
  timeout.onabort = () => ready.reject(new Error("did not start in time"));
  try {
    return { child, rpcUrl: await Promise.race([ready.promise, failed]) };
  } catch (cause) {
    await child[Symbol.asyncDispose]();
    const message = `the local chain did not start: ${printed.slice(-20).join("\n")}`;
    throw new WeftError({ code: "chain-unreachable", message, cause });
  } finally {
    timeout.onabort = null;
    failed.catch(() => undefined);
  }
}

/** Hardhat's node mines at once and funds 20 accounts; afterwards it is like Anvil. */
async function prepareHardhat(params: {
  call: Call;
  accounts: readonly DevelopmentAccount[];
}): Promise<void> {
  await params.call("evm_setAutomine", [false]);
  for (const { address } of params.accounts) {
    await params.call("hardhat_setBalance", [address, `0x${ACCOUNT_BALANCE_WEI.toString(16)}`]);
  }
}

/** Never two at a time: the next block's turn comes `blockMs` after this one's, or when it is done. */
async function mineRegularly(params: {
  blockMs: number;
  mine: () => Promise<unknown>;
  signal: AbortSignal;
  onLog: (line: string) => void;
}): Promise<void> {
  const { blockMs, signal } = params;
  for (let due = performance.now() + blockMs; !signal.aborted; due += blockMs) {
    const now = performance.now();
    due = Math.max(due, now);
    await sleep(due - now, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    await params.mine().catch((error: unknown) => {
      if (!signal.aborted) params.onLog(`no block was mined: ${error}`);
    });
  }
}

async function reorg(params: { call: Call; depth: number }): Promise<ReorgOutcome> {
  const { call, depth } = params;
  const head = Number(await call<string>("eth_blockNumber"));
  if (depth >= head || depth > MAX_REORG_BLOCKS) return { kind: "refused", reason: "too-deep" };
  await call("anvil_reorg", [depth, []]);
  return { kind: "done" };
}
