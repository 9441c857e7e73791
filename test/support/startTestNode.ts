import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { formatDeployment } from "../../src/chain/deploy/deployment.ts";
import type { nodeSettings } from "../../src/node/settings/nodeSettings.ts";
import { readNodeSettings } from "../../src/node/settings/readNodeSettings.ts";
import { type Node, startNode } from "../../src/node/startNode.ts";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import type { TestChain } from "./startTestChain.ts";
import { temporaryDirectory } from "./temporaryDirectory.ts";

export type TestNode = Node & { readonly api: NodeConnection; readonly dataDir: string };

type Chosen = Partial<Record<keyof typeof nodeSettings, string>>;

const START_TIMEOUT_MS = 30_000;
/**
 * Gas an hour, in a test: all clients of a test file have one address, which has a quarter of it. Whoever starts nodes
 * elsewhere to see what they withstand has what operators have.
 */
const PLENTY = "1000000000000";
const isTest = process.env.NODE_TEST_CONTEXT !== undefined;

/**
 * A real node in this process on free ports, ready; its account is one of the chain's. `dataDir` starts one again
 * (with the same `listen` and `http` if its peers should find it before they read its new addresses).
 */
export async function startTestNode(params: {
  chain: TestChain;
  /** Which of the chain's accounts pays: one node each, from 1. */
  account: number;
  dataDir?: string;
  chosen?: Chosen;
  /** The account that pays for clients is drawn into the data directory, as where none is named; else the chain's. */
  drawsRelayKey?: boolean;
  /** Takes what it logs; standard error, as loud as WEFT_TEST_LOG says, unless told. */
  logger?: Logger;
  /** Return before it is ready. */
  early?: boolean;
}): Promise<TestNode> {
  const { chain, account, chosen, drawsRelayKey = false, early = false } = params;
  await using stack = new AsyncDisposableStack();
  const dataDir = params.dataDir ?? stack.use(await temporaryDirectory()).path;
  const settings = await testNodeSettings({
    ...{ chain, account, dataDir, drawsRelayKey },
    ...(chosen ? { chosen } : {}),
  });
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  const { logger = pino({ level: settings.logLevel }, pino.destination({ fd: 2, sync: true })) } = params;
  const node = stack.use(await startNode({ settings, logger, signal }));
  if (!early) await node.whenReady(signal);
  const api = stack.use(connectNode({ url: node.url }));
  const owned = stack.move();
  return { ...node, api, dataDir, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** As `weft node start` would read them. */
export async function testNodeSettings(params: {
  chain: TestChain;
  account: number;
  dataDir: string;
  drawsRelayKey?: boolean;
  chosen?: Chosen;
}) {
  const { chain, account, dataDir, drawsRelayKey = false, chosen = {} } = params;
  await mkdir(dataDir, { recursive: true });
  const networkFile = join(dataDir, "network.json");
  await writeFile(networkFile, formatDeployment(chain.network));
  const operatorKey = chain.accounts[account]?.privateKey ?? "";
  // From the other end of the list.
  const relayKey = chain.accounts.at(-account)?.privateKey ?? "";
  const paying = drawsRelayKey ? { operatorKey } : { operatorKey, relayKey };
  const fixed = { networkFile, dataDir, rpcUrl: chain.rpcUrl, ...paying };
  const ports = { listen: "/ip4/127.0.0.1/tcp/0", http: "127.0.0.1:0", metrics: "127.0.0.1:0" };
  const quick = { chainPollMs: "50", logLevel: process.env.WEFT_TEST_LOG ?? "silent" };
  const budget = isTest
    ? { relayGasPerHour: PLENTY, newcomerGasPerHour: PLENTY, relayGweiPerHour: PLENTY }
    : {};
  const relays = { relayPolicy: "open", ...budget };
  return readNodeSettings({
    chosen: { ...fixed, ...ports, ...quick, ...relays, ...chosen },
    environment: {},
  });
}
