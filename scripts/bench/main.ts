/**
 * `npm run bench [-- --json] [--only mls|timeline|history|network|trips|crowd|groups|node|subscriptions|hostile]`: how fast the
 * MLS engine, a node and the clients are on this machine, what they send, and what a node takes. `--envelopes`,
 * `--fetched` and `--subscriptions` say how many it has, fetches from a peer and serves, `--groups` how many groups a
 * client has. Figures of others stand beside ours as orders of magnitude: they come from other hardware (docs and papers
 * of 2025 and 2026).
 */
import { parseArgs } from "node:util";
import pc from "picocolors";
import { benchCrowd } from "./benchCrowd.ts";
import { benchGroups } from "./benchGroups.ts";
import { benchHistory } from "./benchHistory.ts";
import { benchHostile } from "./benchHostile.ts";
import { benchMls } from "./benchMls.ts";
import { benchNetwork } from "./benchNetwork.ts";
import { benchNode } from "./benchNode.ts";
import { benchRoundTrips } from "./benchRoundTrips.ts";
import { benchSubscriptions } from "./benchSubscriptions.ts";
import { benchTimeline } from "./benchTimeline.ts";
import type { Row } from "./measure.ts";

type Bench = { readonly about: string; readonly run: () => Promise<Row[]> };

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string" },
    envelopes: { type: "string", default: "100000" },
    fetched: { type: "string", default: "50000" },
    subscriptions: { type: "string", default: "10000" },
    groups: { type: "string", default: "10000" },
  },
});
const counts = [values.envelopes, values.fetched, values.subscriptions, values.groups];
const [envelopes, fetched, subscriptions, groups] = counts.map(Number);
if (!envelopes || !fetched || !subscriptions || !groups || fetched > envelopes) {
  throw new Error(
    "--envelopes, --fetched, --subscriptions and --groups are numbers, and no more is fetched than is there",
  );
}

const benches: Readonly<Record<string, Bench>> = {
  mls: { about: "MLS engine, 100 and 1,000 members", run: () => benchMls([100, 1000]) },
  timeline: { about: "timelines of 1,000 and 100,000 messages", run: () => benchTimeline([1000, 100_000]) },
  history: { about: "10,000 messages to a new device", run: () => benchHistory(10_000) },
  network: { about: "three nodes, a chain, two clients", run: benchNetwork },
  trips: { about: "round trips and bytes of commits and joins", run: benchRoundTrips },
  node: {
    about: `a node with ${envelopes} envelopes, and a fresh one`,
    run: () => benchNode({ envelopes, fetched }),
  },
  subscriptions: {
    about: `a node with ${subscriptions} subscriptions`,
    run: () => benchSubscriptions(subscriptions),
  },
  hostile: { about: "what one hostile address can cost a node", run: benchHostile },
  groups: { about: `a client with ${groups} groups`, run: () => benchGroups(groups) },
  crowd: { about: "many clients at once, a large addition", run: benchCrowd },
};

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
