import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "../wire/ids.ts";
import type { PeerLimit } from "./nodeControl.ts";
import { type NodeAddresses, type NodeProcess, spawnNode } from "./spawnNode.ts";

/** One node of a devnet through all its runs: its ports, keys and data stay, its process comes and goes. */
export type DevnetNode = {
  /** From 1. */
  readonly number: number;
  readonly addresses: NodeAddresses;
  readonly directory: string;
  readonly logFile: string;
  readonly isRunning: () => boolean;
  /** `kill` is SIGKILL, `term` lets it finish. Does nothing if it has stopped. */
  readonly stop: (how: "kill" | "term") => Promise<void>;
  /** Its process stands still, with all its connections open, until it is told to go on. */
  readonly freeze: () => void;
  readonly goOn: () => void;
  /** Starts it again on the same ports and data; resolves when it listens. Does nothing if it runs. */
  readonly start: () => Promise<void>;
  /** Cuts its links to all other nodes but these, by peer id, now and when it starts again; undefined: to none. */
  readonly limitPeers: (limit: PeerLimit) => Promise<void>;
};

type Ports = { readonly listen: string; readonly http: string; readonly metrics?: string };

/** Picked by the system. */
const FREE_PORTS = { listen: "/ip4/127.0.0.1/tcp/0", http: "127.0.0.1:0", metrics: "127.0.0.1:0" };

/** On a devnet nobody has to be kept from anything, and coin is worth nothing. */
const RELAYS_FREELY = {
  WEFT_RELAY_POLICY: "open",
  WEFT_RELAY_GAS_PER_HOUR: "1000000000000",
  WEFT_RELAY_GWEI_PER_HOUR: "0",
  WEFT_NEWCOMER_GAS_PER_HOUR: "1000000000000",
};

/** What is special about a node: other addresses than its own for others to use, say. */
export type ChosenNode = {
  /** Its chain provider, in place of the chain itself. */
  readonly rpcUrl?: string;
  /** Where it listens; free ports if absent. */
  readonly ports?: Ports;
  /** More options of `weft node start`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** See `spawnNode`. */
  readonly within?: readonly string[];
};

/** Starts node `number` on free ports of this host. */
export async function openDevnetNode(params: {
  number: number;
  /** Of the whole devnet. */
  directory: string;
  networkFile: string;
  rpcUrl: string;
  operatorKey: Hex;
  /** Pays for clients; one without funds unless told. */
  relayKey?: Hex | undefined;
  chosen?: ChosenNode;
  signal: AbortSignal;
}): Promise<DevnetNode> {
  const { number, networkFile, operatorKey, relayKey, chosen = {}, signal } = params;
  const { rpcUrl = params.rpcUrl } = chosen;
  const directory = join(params.directory, `node-${number}`);
  const logFile = join(params.directory, `node-${number}.log`);
  await mkdir(directory, { recursive: true });

  let running: NodeProcess | undefined;
  let peerLimit: PeerLimit;
  /** One start for all who ask at once. */
  let starting: Promise<NodeProcess> | undefined;
  const spawn = async (ports: Ports): Promise<NodeProcess> => {
    const { metrics = FREE_PORTS.metrics } = ports;
    const addresses = ["--listen", ports.listen, "--http", ports.http, "--metrics", metrics];
    const places = ["--network", networkFile, "--data", directory, "--rpc", rpcUrl];
    const spawned = await spawnNode({
      args: [...places, ...addresses, ...(chosen.args ?? [])],
      env: {
        ...{ ...RELAYS_FREELY, WEFT_OPERATOR_KEY: operatorKey },
        ...(relayKey === undefined ? {} : { WEFT_RELAY_KEY: relayKey }),
        ...chosen.env,
      },
      logFile,
      within: chosen.within,
      peerLimit,
      signal,
    });
    running = spawned;
    void spawned.exited.then(() => {
      if (running === spawned) running = undefined;
    });
    return spawned;
  };
  const start = async (ports: Ports): Promise<NodeProcess> => {
    if (running !== undefined) return running;
    starting ??= spawn(ports).finally(() => {
      starting = undefined;
    });
    return await starting;
  };

  const { addresses } = await start(chosen.ports ?? FREE_PORTS);
  const { url, metrics } = addresses;
  const http = new URL(url).host;
  const ports = { listen: tcpAddress(addresses), http, metrics: metrics ? new URL(metrics).host : "off" };
  return {
    number,
    addresses,
    directory,
    logFile,
    isRunning: () => running !== undefined,
    stop: async (how) => {
      await starting?.catch(() => undefined);
      const stopping = running;
      if (how === "kill") stopping?.kill("SIGKILL");
      await stopping?.[Symbol.asyncDispose]();
    },
    freeze: () => running?.kill("SIGSTOP"),
    goOn: () => running?.kill("SIGCONT"),
    start: async () => void (await start(ports)),
    limitPeers: async (limit) => {
      peerLimit = limit;
      await starting?.catch(() => undefined);
      await running?.tellPeerLimit(limit);
    },
  };
}

/** The multiaddr to listen on again, without the peer id. */
function tcpAddress(addresses: NodeAddresses): string {
  const [address = ""] = addresses.multiaddrs;
  return address.replace(/\/p2p\/.*$/, "");
}
