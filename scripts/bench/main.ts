/**
 * `npm run bench [-- --json] [--only mls|timeline|network|trips|crowd]`: how fast the MLS engine, a node and the
 * clients are on this machine, and what they send. Figures of others stand beside ours as orders of magnitude: they
 * come from other hardware (docs and papers of 2025 and 2026).
 */
import { parseArgs } from "node:util";
import pc from "picocolors";
import { benchCrowd } from "./benchCrowd.ts";
import { benchMls } from "./benchMls.ts";
import { benchNetwork } from "./benchNetwork.ts";
import { benchRoundTrips } from "./benchRoundTrips.ts";
import { benchTimeline } from "./benchTimeline.ts";
import type { Row } from "./measure.ts";

type Bench = { readonly about: string; readonly run: () => Promise<Row[]> };

const benches: Readonly<Record<string, Bench>> = {
  mls: { about: "MLS engine, 100 and 1,000 members", run: () => benchMls([100, 1000]) },
  timeline: { about: "timelines of 1,000 and 100,000 messages", run: () => benchTimeline([1000, 100_000]) },
  network: { about: "three nodes, a chain, two clients", run: benchNetwork },
  trips: { about: "round trips and bytes of commits and joins", run: benchRoundTrips },
  crowd: { about: "many clients at once, a large addition", run: benchCrowd },
};

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, only: { type: "string" } },
});
const rows: Row[] = [];
for (const [name, { about, run }] of Object.entries(benches)) {
  if (values.only !== undefined && values.only !== name) continue;
  process.stderr.write(pc.dim(`${about} …\n`));
  rows.push(...(await run()));
}
process.stdout.write(values.json ? `${JSON.stringify(rows, undefined, 2)}\n` : formatRows(rows));

function formatRows(all: readonly Row[]): string {
  const lines = all.flatMap((row, i) => {
    const isFirst = all[i - 1]?.subject !== row.subject;
    const value = row.value.toLocaleString("en", { maximumFractionDigits: row.value < 10 ? 2 : 0 });
    const line = `  ${row.what.padEnd(38)}${pc.cyan(value.padStart(9))} ${row.unit.padEnd(12)}${pc.dim(row.beside ?? "")}`;
    return isFirst ? ["", pc.bold(row.subject), line] : [line];
  });
  return `${lines.join("\n")}\n\n`;
}
