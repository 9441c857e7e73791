import { setTimeout as delay } from "node:timers/promises";
import { steadyMs } from "../clock/steadyMs.ts";
import { askNodes } from "./askNodes.ts";
import { callRpc } from "./callRpc.ts";
import type { Devnet } from "./startDevnet.ts";

const POLL_MS = 50;

/** Resolves when the head of every running node's index is a block of the chain as it is now, or after `timeoutMs`. */
export async function awaitChainRead(params: {
  devnet: Devnet;
  timeoutMs: number;
  signal: AbortSignal;
}): Promise<void> {
  const { devnet, timeoutMs, signal } = params;
  const { rpcUrl } = devnet.chain;
  const deadline = steadyMs() + timeoutMs;
  while (steadyMs() < deadline) {
    const reports = await askNodes({ devnet, signal });
    const heads = reports.flatMap(({ status }) => status?.head ?? []);
    const blocks = await Promise.all(
      heads.map(({ number }) =>
        callRpc<{ hash: string } | null>({
          ...{ rpcUrl, signal, method: "eth_getBlockByNumber" },
          args: [`0x${number.toString(16)}`, false],
        }),
      ),
    );
    if (heads.every(({ hash }, i) => blocks[i]?.hash === hash)) return;
    await delay(POLL_MS, undefined, { signal });
  }
}
