import pc from "picocolors";
import type { Devnet, DevnetProgress } from "../devnet/startDevnet.ts";
import { formatTable } from "./formatTable.ts";

/** One line of progress with the time since the start. */
export function describeProgress(params: { progress: DevnetProgress; sinceMs: number }): string {
  const { progress, sinceMs } = params;
  return `${pc.dim(`${(sinceMs / 1000).toFixed(1).padStart(5)} s`)}  ${describe(progress)}`;
}

function describe(progress: DevnetProgress): string {
  switch (progress.kind) {
    case "chain":
      return `L3 at ${progress.rpcUrl}`;
    case "contracts":
      return `contracts deployed on chain ${progress.network.chainId}`;
    case "node":
      return `node ${progress.number} ready at ${progress.url}`;
    case "mesh":
      return "every node sees all others";
  }
}

/** Every address that a newcomer might want to try. */
export function formatDevnet(devnet: Devnet): string {
  const { chain, network, nodes } = devnet;
  return formatTable([
    ["L3", chain.rpcUrl, `chain ${network.chainId}`],
    ["CommitLog", network.commitLog],
    ["IdentityRegistry", network.identityRegistry],
    ["NodeRegistry", network.nodeRegistry],
    ["address file", devnet.networkFile],
    ...nodes.map(({ number, addresses }) => [`node ${number}`, addresses.url, addresses.peerId]),
    ...nodes.map(({ number, addresses }) => [`metrics of node ${number}`, addresses.metrics ?? "off"]),
    ["data and logs", devnet.directory],
  ]);
}
