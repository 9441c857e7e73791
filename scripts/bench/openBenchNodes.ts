import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatDeployment } from "../../src/chain/deploy/deployment.ts";
import { type DevnetNode, openDevnetNode } from "../../src/devnet/devnetNode.ts";
import { startTestChain, type TestChain } from "../../test/support/startTestChain.ts";
import { temporaryDirectory } from "../../test/support/temporaryDirectory.ts";

/** A chain, and nodes on it that are processes of their own, on the disk that temporary files are on. */
export type BenchNodes = AsyncDisposable & {
  readonly chain: TestChain;
  /** Starts node `number`; on the data that it has, if it ran before. */
  readonly open: (params: { number: number; env?: Readonly<Record<string, string>> }) => Promise<DevnetNode>;
};

const BLOCK_MS = 250;
/** No start, and no measurement, takes as long. */
const TIMEOUT_MS = 3_600_000;

export async function openBenchNodes(): Promise<BenchNodes> {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const chain = stack.use(await startTestChain({ blockMs: BLOCK_MS }));
  const networkFile = join(directory.path, "network.json");
  await writeFile(networkFile, formatDeployment(chain.network));
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const opened: DevnetNode[] = [];
  stack.defer(async () => void (await Promise.all(opened.map((node) => node.stop("term")))));
  const open: BenchNodes["open"] = async ({ number, env = {} }) => {
    const operatorKey = chain.accounts[number]?.privateKey;
    if (operatorKey === undefined) throw new Error(`the chain funds no node ${number}`);
    const node = await openDevnetNode({
      ...{ number, directory: directory.path, networkFile, rpcUrl: chain.rpcUrl, operatorKey, signal },
      // From the other end of the chain's funded accounts.
      relayKey: chain.accounts.at(-number)?.privateKey,
      chosen: { env: { WEFT_LOG_LEVEL: "warn", ...env } },
    });
    opened.push(node);
    return node;
  };
  const owned = stack.move();
  return { chain, open, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
