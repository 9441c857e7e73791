import { open, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { WeftError } from "../errors.ts";
import type { PeerLimit } from "./nodeControl.ts";
import { type Child, spawnChild } from "./spawnChild.ts";

/** Lines of a failed node's log that the error shows. */
const LOG_LINES_SHOWN = 8;

const commandLine = fileURLToPath(new URL("../cli/main.ts", import.meta.url));

/** What a node says on standard output when it listens. */
export type NodeAddresses = {
  readonly node: string;
  readonly peerId: string;
  readonly url: string;
  /** Absent: they are off. */
  readonly metrics?: string;
  readonly multiaddrs: readonly string[];
};

/** One run of a node: an operating system process that ends with its parent. */
export type NodeProcess = Child & { readonly addresses: NodeAddresses };

/**
 * Starts `weft node start`, its log appended to a file, and resolves when it listens.
 * Throws WeftError `not-ready` with the end of its log if it exits before.
 */
export async function spawnNode(params: {
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  logFile: string;
  /** A command that runs it elsewhere, as `ip netns exec NAME`; it must not stay as a process of its own. */
  within?: readonly string[] | undefined;
  /** Whom it may connect to until it is told otherwise. */
  peerLimit?: PeerLimit;
  signal: AbortSignal;
}): Promise<NodeProcess> {
  const { args, env, logFile, within = [], signal } = params;
  signal.throwIfAborted();
  await using log = await open(logFile, "a");
  const ready = Promise.withResolvers<NodeAddresses | undefined>();
  const [command = "", ...rest] = [...within, process.execPath, commandLine, "node", "start", ...args];
  const child = spawnChild({
    command,
    args: [...rest, "--json", "--controlled"],
    env,
    stderr: log.fd,
    onLine: (line) => ready.resolve(JSON.parse(line) as NodeAddresses),
  });
  void child.exited.then(() => ready.resolve(undefined));
  void child.tellPeerLimit(params.peerLimit).catch(() => undefined);
  const onAbort = () => child.kill("SIGKILL");
  signal.addEventListener("abort", onAbort, { once: true });
  const addresses = await ready.promise;
  signal.removeEventListener("abort", onAbort);
  signal.throwIfAborted();
  if (addresses === undefined) throw await describeExit({ logFile, reason: await child.exited });
  return { ...child, addresses };
}

async function describeExit(params: { logFile: string; reason: string }): Promise<WeftError> {
  const { logFile, reason } = params;
  const lines = (await readFile(logFile, "utf8")).trimEnd().split("\n");
  const end = lines.slice(-LOG_LINES_SHOWN).join("\n");
  return new WeftError({
    code: "not-ready",
    message: `a node ${reason} while it started\n${end}`,
    hint: `Its whole log is ${logFile}.`,
  });
}
