import pc from "picocolors";
import type { NodeReport } from "../../node/operating/nodeReport.ts";
import { formatTable } from "../formatTable.ts";
import { formatBytes } from "./formatBytes.ts";

const ID_SHOWN = 10;

/** A node's report for a terminal: what matters first, then tables. */
export function formatReport(report: NodeReport): string {
  return [
    formatTable(mainRows(report)),
    ...section("own log", ["generation", "shard", "next", "on chain up to"], report.ownLogs.map(ownLogRow)),
    ...section("peers", ["node", "operator", "block", "lacks"], report.peers.map(peerRow)),
    ...section(
      "logs by node",
      ["node", "operator", "reached", "lacking"],
      report.originators.map(originatorRow),
    ),
  ].join("\n\n");
}

function mainRows(report: NodeReport): string[][] {
  const { chain, disk, holes, relaying, failure, clockOffsetSeconds } = report;
  const state = report.ready ? pc.green("ready") : pc.red(`not ready: ${report.notReadyReason}`);
  return [
    ["state", state],
    ...(failure === undefined ? [] : [["failed", `${failure.reason} (${failure.code}): ${failure.hint}`]]),
    ...report.warnings.map((warning) => ["warning", pc.yellow(warning)]),
    ["node", `${report.node}, Weft ${report.version}, chain ${report.chainId}`],
    ["block", `${chain.block} of ${chain.newest}, ${chain.seconds} s behind, ${newestAge(report)}`],
    [
      "clock",
      clockOffsetSeconds === undefined ? "not compared yet" : `${clockOffsetSeconds.toFixed(1)} s off`,
    ],
    ["holes", holes.count === 0 ? "none" : `${holes.count} with ${holes.envelopes} envelopes`],
    ["relaying", relayingText(relaying)],
    ["accounts", accountsText(relaying)],
    ["disk", `database ${bytesText(disk.databaseBytes)}, free ${bytesText(disk.freeBytes)}`],
  ];
}

function newestAge({ chain }: NodeReport): string {
  const { newestAgeSeconds } = chain;
  return newestAgeSeconds === undefined
    ? "no block yet"
    : `the newest is ${Math.round(newestAgeSeconds)} s old`;
}

function relayingText(relaying: NodeReport["relaying"]): string {
  const { policy, gasLeft, newcomerGasLeft, coinLeft, transactionsInFlight, trouble } = relaying;
  const gas = `${policy}, ${inMillions(gasLeft)} gas left, ${inMillions(newcomerGasLeft)} for newcomers`;
  const coin = coinLeft === undefined ? gas : `${gas}, ${coinLeft} coin`;
  const waiting = `${coin}, ${transactionsInFlight} transactions in no block yet`;
  return trouble === undefined ? waiting : `${waiting}; ${pc.yellow(trouble)}`;
}

function accountsText(relaying: NodeReport["relaying"]): string {
  const { account, balance, floor, operator, operatorBalance } = relaying;
  const own = `operator ${operator} with ${operatorBalance ?? "unknown"}`;
  return `${own}, relaying ${account} with ${balance ?? "unknown"} of which ${floor} stay`;
}

function inMillions(gas: number): string {
  return `${(gas / 1_000_000).toFixed(1)} M`;
}

function bytesText(bytes: number | undefined): string {
  return bytes === undefined ? "unknown" : formatBytes(bytes);
}

/** Nothing but its name and "none" if it has no rows. */
function section(name: string, columns: readonly string[], rows: readonly string[][]): string[] {
  if (rows.length === 0) return [`${pc.bold(name)}: none`];
  return [`${pc.bold(name)}\n${formatTable([columns, ...rows])}`];
}

function ownLogRow({ generation, shard, next, checkpointed }: NodeReport["ownLogs"][number]): string[] {
  return [
    String(generation),
    String(shard),
    String(next),
    checkpointed === undefined ? "-" : String(checkpointed),
  ];
}

function peerRow({ node, peerId, operator, block, lacksEnvelopes }: NodeReport["peers"][number]): string[] {
  const name = node === undefined ? peerId.slice(0, ID_SHOWN) : node.slice(0, ID_SHOWN);
  return [name, operator ?? "-", String(block ?? "-"), String(lacksEnvelopes ?? "-")];
}

function originatorRow({ node, operator, reached, lacks }: NodeReport["originators"][number]): string[] {
  return [node.slice(0, ID_SHOWN), operator ?? "-", String(reached), String(lacks)];
}
