import type { Command } from "commander";
import { WeftError } from "../../errors.ts";
import type { NodeReport } from "../../node/operating/nodeReport.ts";
import { runAction } from "../runAction.ts";
import { formatReport } from "./formatReport.ts";
import { metricsOption, metricsUrlOf } from "./metricsOption.ts";

/** `weft node status` */
export function addStatus(node: Command): void {
  node
    .command("status")
    .description("How a node is, for its operator; exit code 1 if it is not ready.")
    .addOption(metricsOption())
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft node status --metrics http://127.0.0.1:7402")
    .action((options: { metrics?: string; json?: boolean }, command: Command) =>
      runAction({ command, act: (signal) => tell({ ...options, signal }) }),
    );
}

async function tell(params: { metrics?: string; json?: boolean; signal: AbortSignal }): Promise<number> {
  const { json = false, signal } = params;
  const report = await fetchReport({ url: metricsUrlOf(params), signal });
  process.stdout.write(`${json ? JSON.stringify(report) : formatReport(report)}\n`);
  return report.ready ? 0 : 1;
}

async function fetchReport(params: { url: string; signal: AbortSignal }): Promise<NodeReport> {
  const { url, signal } = params;
  const address = new URL("/status", url);
  const hint = "Name the address of the node's metrics (WEFT_METRICS) by --metrics; the node has to run.";
  try {
    const response = await fetch(address, { signal });
    if (response.status === 200) return (await response.json()) as NodeReport;
    const message = `${address} answers with status ${response.status}`;
    throw new WeftError({ code: "node-unreachable", message, hint });
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof WeftError) throw cause;
    throw new WeftError({ code: "node-unreachable", message: `${address} does not answer`, hint, cause });
  }
}
