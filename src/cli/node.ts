import { setTimeout as delay } from "node:timers/promises";
import { type Command, Option } from "commander";
import type { WeftError } from "../errors.ts";
import { type NodeSettings, nodeSettings } from "../node/settings/nodeSettings.ts";
import { readNodeSettings } from "../node/settings/readNodeSettings.ts";
import { addExport, addImport } from "./node/backup.ts";
import { addLeave, addWithdraw } from "./node/retire.ts";
import { settingOption } from "./node/settingOption.ts";
import { addStatus } from "./node/status.ts";
import { runAction, untilStopped } from "./runAction.ts";

/** Settings that have an option; the others are read from the environment only. */
const optionOf = {
  networkFile: "--network <file>",
  dataDir: "--data <dir>",
  rpcUrl: "--rpc <url,…>",
  listen: "--listen <multiaddr,…>",
  announce: "--announce <multiaddr,…>",
  http: "--http <host:port>",
  publicUrl: "--public-url <url>",
  shards: "--shards <shard,…>",
  metrics: "--metrics <host:port>",
  logLevel: "--log-level <level>",
} as const satisfies Partial<Record<keyof NodeSettings, string>>;

/** `weft node …`: run a node, or ask one. */
export function addNode(program: Command): void {
  const node = program.command("node").description("Run a node, or ask one.");
  node.addHelpText(
    "after",
    `
Examples:
  $ weft node start --network deployments/31337.json --data ./node --rpc http://127.0.0.1:8545
  $ weft node start --network deployments/42.json --data ./node --rpc https://one.example --rpc https://two.example
  $ weft node info http://127.0.0.1:7401
  $ weft node status
  $ weft node export ./backup.weft
  $ weft node key --data ./node`,
  );
  addStart(node);
  addInfo(node);
  addStatus(node);
  addExport(node);
  addImport(node);
  addKey(node);
  addLeave(node);
  addWithdraw(node);
}

function addStart(node: Command): void {
  const start = node
    .command("start")
    .description("Run a node until Ctrl-C; it registers itself and finds the others in the NodeRegistry.");
  const options = startOptions();
  for (const { option } of options) start.addOption(option);
  start
    .option("--json", "print the node's addresses as one JSON line when it listens")
    .addOption(new Option("--controlled", "let the parent process cut links to peers").hideHelp())
    .addHelpText("after", describeEnvironment())
    .action((given: Record<string, string> & { json?: boolean; controlled?: boolean }, command: Command) => {
      const chosen = Object.fromEntries(
        options.map(({ name, option }) => [name, given[option.attributeName()]]),
      );
      const { json = false, controlled = false } = given;
      return runAction({ command, act: (signal) => runNode({ chosen, json, controlled, signal }) });
    });
}

function startOptions(): { name: keyof typeof optionOf; option: Option }[] {
  const names = Object.keys(optionOf) as (keyof typeof optionOf)[];
  return names.map((name) => ({ name, option: settingOption(name, optionOf[name]) }));
}

function describeEnvironment(): string {
  const others = Object.entries(nodeSettings).filter(([name]) => !(name in optionOf));
  const width = Math.max(...others.map(([, { env }]) => env.length));
  const lines = others.map(([, { env, about, fallback }]) => {
    return `  ${env.padEnd(width)}  ${about}${fallback ? ` (default: ${fallback})` : ""}`;
  });
  return `
Environment:
${lines.join("\n")}

Example:
  $ WEFT_OPERATOR_KEY=0x… weft node start --network deployments/31337.json --data ./node`;
}

async function runNode(params: {
  chosen: Record<string, string | undefined>;
  json: boolean;
  controlled: boolean;
  signal: AbortSignal;
}): Promise<number> {
  const { chosen, json, controlled, signal } = params;
  const { openLogger } = await import("../node/openLogger.ts");
  const { startNode } = await import("../node/startNode.ts");
  const settings = readNodeSettings({ chosen });
  const logger = openLogger({ level: settings.logLevel });
  const limit = controlled ? await firstLimit(signal) : undefined;
  await using node = await startNode({ settings, logger, peerLimit: limit?.first, signal });
  limit?.follow(node.limitPeers);
  const failing = failAfter({ failed: node.failed, ms: settings.failureExitSeconds * 1_000, signal });
  await Promise.race([node.whenReady(signal), failing]);
  const { nodeId, peerId, url, metricsUrl, multiaddrs } = node;
  const metrics = metricsUrl === undefined ? {} : { metrics: `${metricsUrl}/metrics` };
  const addresses = { node: nodeId, peerId, url, ...metrics, multiaddrs };
  process.stdout.write(json ? `${JSON.stringify(addresses)}\n` : `${await describe(addresses)}\n`);
  await Promise.race([untilStopped(signal), failing]);
  return 0;
}

/** Throws what has failed for good, after the time in which whoever watches the node's health sees it. */
async function failAfter(params: {
  failed: Promise<WeftError>;
  ms: number;
  signal: AbortSignal;
}): Promise<never> {
  const failure = await params.failed;
  await delay(params.ms, undefined, { signal: params.signal });
  throw failure;
}

/** In a node that a devnet controls: it does not start before it knows whom it may connect to. */
async function firstLimit(signal: AbortSignal) {
  const { obeyNodeControl } = await import("../devnet/nodeControl.ts");
  const first = Promise.withResolvers<ReadonlySet<string> | undefined>();
  let take: (limit: ReadonlySet<string> | undefined) => void = first.resolve;
  obeyNodeControl({ onLimit: (limit) => take(limit) });
  signal.addEventListener("abort", () => first.reject(signal.reason), { once: true });
  let newest = await first.promise;
  take = (limit) => {
    newest = limit;
  };
  return {
    first: newest,
    follow: (limitPeers: typeof take) => {
      take = limitPeers;
      limitPeers(newest);
    },
  };
}

function addInfo(node: Command): void {
  node
    .command("info")
    .description("What a node says of itself.")
    .argument("<url>", "the node's public API")
    .option("--proxy <url>", "http://… or socks5://… to ask by, or `direct`")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft node info http://127.0.0.1:7401 --json")
    .action((url: string, options: { json?: boolean; proxy?: string }, command: Command) =>
      runAction({ command, act: (signal) => tellStatus({ ...options, url, signal }) }),
    );
}

async function tellStatus(params: {
  url: string;
  json?: boolean;
  proxy?: string;
  signal: AbortSignal;
}): Promise<number> {
  const { url, json = false, proxy, signal } = params;
  const { connectNode } = await import("../rpc/connectNode.ts");
  const { shardsIn } = await import("../wire/shards.ts");
  await using connection = connectNode({ url, proxy, signal });
  const { logs, head, shards: served, ...status } = await connection.getNode({});
  const shards = shardsIn(served);
  const held = logs.map(({ log, floor, next }) => ({
    ...log,
    generation: Number(log.generation),
    floor: Number(floor),
    next: Number(next),
  }));
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...status, shards, head, logs: held })}\n`);
    return 0;
  }
  const readiness = status.ready ? "ready" : `not ready: ${status.notReadyReason}`;
  const told = {
    state: readiness,
    ...status,
    shards: shards.join(", "),
    "chain head": head === undefined ? "none" : String(head.number),
    ...Object.fromEntries(
      held.map((log) => [
        `log of ${log.node.slice(0, 10)}, shard ${log.shard}`,
        `${log.floor} to ${log.next}`,
      ]),
    ),
  };
  const { ready: _, notReadyReason: __, ...shown } = told;
  process.stdout.write(`${await describe(shown)}\n`);
  return 0;
}

function addKey(node: Command): void {
  node
    .command("key")
    .description(
      "The accounts that pay for a node and for what it relays, drawn if there are none yet: fund them before the first start.",
    )
    .addOption(settingOption("dataDir", optionOf.dataDir))
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft node key --data ./node")
    .action((options: { data?: string; json?: boolean }, command: Command) =>
      runAction({ command, act: () => tellKey(options) }),
    );
}

async function tellKey(params: { data?: string; json?: boolean }): Promise<number> {
  const { addressFromPrivateKey } = await import("../crypto/secp256k1.ts");
  const { loadNodeKeys } = await import("../node/nodeKeys.ts");
  const { fromHex } = await import("../wire/ids.ts");
  const keys = await loadNodeKeys(readNodeSettings({ chosen: { dataDir: params.data } }));
  const [operator, relaying] = [keys.operator, keys.relay].map((key) => addressFromPrivateKey(fromHex(key)));
  const accounts = { operator, relaying };
  process.stdout.write(
    `${params.json === true ? JSON.stringify(accounts) : await describe({ ...accounts })}\n`,
  );
  return 0;
}

async function describe(fields: Record<string, unknown>): Promise<string> {
  const { formatTable } = await import("./formatTable.ts");
  return formatTable(Object.entries(fields).map(([name, value]) => [name, String(value)]));
}
