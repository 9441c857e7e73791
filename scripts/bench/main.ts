/**
 * `npm run bench [-- --json]`: how fast the MLS engine, a node and the clients are on this machine. Figures of others
 * stand beside ours as orders of magnitude: they come from other hardware (docs and papers of 2025 and 2026).
 */
import { parseArgs } from "node:util";
import pc from "picocolors";
import { benchCrowd } from "./benchCrowd.ts";
import { benchMls } from "./benchMls.ts";
import { benchNetwork } from "./benchNetwork.ts";
import { benchTimeline } from "./benchTimeline.ts";
import type { Row } from "./measure.ts";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const progress = (text: string) => process.stderr.write(pc.dim(`${text} …\n`));
progress("MLS engine, 100 and 1,000 members");
const mls = await benchMls([100, 1000]);
progress("timelines of 1,000 and 100,000 messages");
const timelines = await benchTimeline([1000, 100_000]);
progress("three nodes, a chain, two clients");
const network = await benchNetwork();
progress("many clients at once, a large addition");
const rows = [...mls, ...timelines, ...network, ...(await benchCrowd())];
process.stdout.write(values.json ? `${JSON.stringify(rows, undefined, 2)}\n` : formatRows(rows));

function formatRows(all: readonly Row[]): string {
  const lines = all.flatMap((row, i) => {
    const isFirst = all[i - 1]?.subject !== row.subject;
    const value = row.value.toLocaleString("en", { maximumFractionDigits: row.value < 10 ? 2 : 0 });
    const line = `  ${row.what.padEnd(38)}${pc.cyan(value.padStart(9))} ${row.unit.padEnd(12)}${pc.dim(row.theirs ?? "")}`;
    return isFirst ? ["", pc.bold(row.subject), line] : [line];
  });
  return `${lines.join("\n")}\n\n`;
}
