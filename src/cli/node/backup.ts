import type { Command } from "commander";
import { readNodeSettings } from "../../node/settings/readNodeSettings.ts";
import { runAction } from "../runAction.ts";
import { formatBytes } from "./formatBytes.ts";
import { metricsOption, metricsUrlOf } from "./metricsOption.ts";
import { settingOption } from "./settingOption.ts";
import { showProgress } from "./showProgress.ts";

/** `weft node export` */
export function addExport(node: Command): void {
  node
    .command("export")
    .description("Write a backup of a running node's database to a file. Its keys (node.json) are not in it.")
    .argument("<file>", "the file, which must not exist")
    .addOption(metricsOption())
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ weft node export ./backup.weft --metrics http://127.0.0.1:7402")
    .action((file: string, options: { metrics?: string; json?: boolean }, command: Command) =>
      runAction({ command, act: (signal) => save({ ...options, file, signal }) }),
    );
}

async function save(params: {
  file: string;
  metrics?: string;
  json?: boolean;
  signal: AbortSignal;
}): Promise<number> {
  const { file, json = false, signal } = params;
  const { saveBackup } = await import("../../node/operating/saveBackup.ts");
  using progress = showProgress();
  const { onProgress } = progress;
  const { header, pairs, bytes } = await saveBackup({ url: metricsUrlOf(params), file, onProgress, signal });
  const { node } = header;
  const told = json
    ? JSON.stringify({ file, node, records: pairs, bytes })
    : `${file}: ${pairs} records of node ${node}, ${formatBytes(bytes)}. Keep its node.json apart: it is not in here.`;
  process.stdout.write(`${told}\n`);
  return 0;
}

/** `weft node import` */
export function addImport(node: Command): void {
  node
    .command("import")
    .description(
      "Make the database of a node that does not run of a backup; it signs a new generation of its log.",
    )
    .argument("<file>", "what `weft node export` has written")
    .addOption(settingOption("networkFile", "--network <file>"))
    .addOption(settingOption("dataDir", "--data <dir>"))
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExample:\n  $ weft node import ./backup.weft --network deployments/42.json --data ./node",
    )
    .action((file: string, options: { network?: string; data?: string; json?: boolean }, command: Command) =>
      runAction({ command, act: (signal) => load({ ...options, file, signal }) }),
    );
}

async function load(params: {
  file: string;
  network?: string;
  data?: string;
  json?: boolean;
  signal: AbortSignal;
}): Promise<number> {
  const { file, json = false, signal } = params;
  const { loadBackup } = await import("../../node/operating/loadBackup.ts");
  const chosen = { networkFile: params.network, dataDir: params.data };
  const { networkFile, dataDir } = readNodeSettings({ chosen });
  using progress = showProgress();
  const { onProgress } = progress;
  const { header, pairs } = await loadBackup({ file, dataDir, networkFile, onProgress, signal });
  const { node } = header;
  const told = json
    ? JSON.stringify({ dataDir, node, records: pairs })
    : `${dataDir}: ${pairs} records of node ${node}. Put its node.json there, if it is to be that node again, and start it.`;
  process.stdout.write(`${told}\n`);
  return 0;
}
