/**
 * `npm run chaos -- --minutes N [--seed S] [--kinds KINDS] [--first NUMBER] [--limit SECONDS] [--json]`: plays faults on real processes,
 * nodes and clients that talk all the time, until the time is up; says how soon all is well again after each, and
 * exits with 1 if something did not hold, with the line that plays it again.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { runAction } from "../src/cli/runAction.ts";
import { type Cast, type FaultKind, faultKinds, kindsNamed } from "./chaos/faults.ts";
import { formatBegun, formatPlayed, formatRows, formatSettled } from "./chaos/format.ts";
import { type Chaos, type Progress, playChaos } from "./chaos/playChaos.ts";
import { summarize } from "./chaos/summarize.ts";
import { positive, whole } from "./numberOptions.ts";

// What one process has stripped of its types the others, which start all the time, load as it is.
process.env.NODE_COMPILE_CACHE ??= "node_modules/.cache/weft-chaos";

/** What of one turn is shown at the end. */
const SHOWN_FINDINGS = 4;

const cast: Cast = {
  nodes: ["node 1", "node 2", "node 3"],
  clients: ["alice", "bob", "carol", "dave", "erin"],
};

/** Processes that want to run, for each processor. */
const BUSY_LOAD = 2;

type Options = {
  minutes: number;
  seed: number;
  kinds: readonly FaultKind[];
  first: number;
  limit: number;
  json: boolean;
  keep: boolean;
};

await new Command("npm run chaos --")
  .description("Plays faults on processes of nodes and clients that talk, until the time is up.")
  .option("--minutes <number>", "for how long", positive, 10)
  .option("--seed <number>", "what the faults follow from", whole, Date.now() % 2 ** 31)
  .addOption(
    new Option("--kinds <kinds>", `which, by comma, by name or first or last word: ${faultKinds.join(", ")}`)
      .argParser(asKinds)
      .default(faultKinds, "all"),
  )
  .option("--first <number>", "begins with the fault of this number, as it was printed", whole, 0)
  .option("--limit <seconds>", "so soon after a fault's end everybody has to read everybody", positive, 10)
  .option("--json", "prints the summary as JSON; how it goes on is on standard error", false)
  .option(
    "--keep",
    "keeps the nodes' logs, and says where; they stay in any case if something did not hold",
    false,
  )
  .addHelpText(
    "after",
    `
Times are from a fault's end: "next" until everybody was shown something that somebody else said since,
"all" until everybody was shown what everybody said then, "order" until a change of the group was known to all.

Examples:
  $ npm run chaos -- --minutes 30
  $ npm run chaos -- --minutes 5 --kinds kill,stop-node
  $ npm run chaos -- --minutes 1 --seed 7 --first 12`,
  )
  .action((options: Options, command: Command) =>
    runAction({ command, act: (signal) => chaos({ ...options, signal }) }),
  )
  .parseAsync();

async function chaos(options: Options & { signal: AbortSignal }): Promise<number> {
  const { minutes, limit, json, ...chosen } = options;
  const tell = json ? process.stderr : process.stdout;
  const say = (text: string): void => void tell.write(`${text}\n`);
  const directory = await mkdtemp(join(tmpdir(), "weft-chaos-"));
  let isKept = options.keep;
  say(`faults for ${minutes} min from seed ${options.seed}: ${options.kinds.join(", ")}`);
  try {
    const onProgress = (progress: Progress): void => show({ progress, say });
    const place = { directory, cast, minutes, limitMs: limit * 1_000, onProgress };
    const told = await playChaos({ ...chosen, ...place });
    if (json) process.stdout.write(`${formatJson({ ...options, told })}\n`);
    else say(formatChaos(told));
    for (const line of again({ ...options, told })) say(line);
    isKept ||= told.findings.length > 0;
    return told.findings.length > 0 ? 1 : 0;
  } finally {
    if (isKept) say(pc.dim(`the nodes' logs are in ${directory}`));
    else await rm(directory, { recursive: true, force: true });
  }
}

function show(params: { progress: Progress; say: (text: string) => void }): void {
  const { progress, say } = params;
  switch (progress.kind) {
    case "stage":
      say(pc.dim(progress.text));
      break;
    case "began":
      if (process.stderr.isTTY) process.stderr.write(`${formatBegun({ ...progress, cast })}\r`);
      break;
    case "played":
      say(formatPlayed(progress.played));
      break;
    case "settled":
      say(formatSettled(progress.findings.map(({ what }) => what)));
  }
}

function formatJson(params: { seed: number; kinds: readonly FaultKind[]; told: Chaos }): string {
  const { seed, kinds, told } = params;
  const { outcomes, refused, logged, loggedByNodes } = told;
  const maps = { outcomes, refused, logged, loggedByNodes };
  const counts = Object.entries(maps).map(([name, map]) => [name, Object.fromEntries(map)]);
  return JSON.stringify({
    seed,
    kinds,
    ...told,
    ...Object.fromEntries(counts),
    rows: summarize(told.played),
  });
}

function formatChaos(told: Chaos): string {
  const { played, findings, messages, skipped, outcomes, refused, logged, loggedByNodes } = told;
  const counts = (name: string, of: ReadonlyMap<string, number>): string[] => {
    const sums = new Map<string, number>();
    for (const [what, count] of of) {
      // Addresses and errors differ each time: --json has them.
      const [message = ""] = what.split(" (");
      sums.set(message, (sums.get(message) ?? 0) + count);
    }
    const words = [...sums].sort(([, a], [, b]) => b - a).map(([what, count]) => `${count} × ${what}`);
    return words.length === 0 ? [] : [pc.dim(`${name}: ${words.join(", ")}`)];
  };
  const verdict = `${played.length} faults, ${messages} messages`;
  return [
    "",
    formatRows(summarize(played)),
    "",
    ...(skipped.length === 0
      ? []
      : [`skipped, for no file system may be mounted here: ${skipped.join(", ")}`]),
    ...counts("intents", outcomes),
    ...counts("refused calls", refused),
    ...counts("logged by clients", logged),
    ...counts("logged by nodes", loggedByNodes),
    ...describeLoad(),
    findings.length === 0
      ? pc.green(`✔ ${verdict}: everything held`)
      : pc.red(`✖ ${verdict}: ${findings.length} things did not hold`),
  ].join("\n");
}

/** Where processes wait for each other, so do messages. */
function describeLoad(): string[] {
  const load = (loadavg()[0] ?? 0) / availableParallelism();
  if (load < BUSY_LOAD) return [];
  return [
    pc.yellow(`${load.toFixed(1)} processes per processor at the end: the times are those of a busy machine`),
  ];
}

/** What did not hold, with the lines that play its fault again. */
function again(params: Options & { told: Chaos }): string[] {
  const { seed, kinds, told } = params;
  const chosen = kinds.length === faultKinds.length ? "" : ` --kinds ${kinds.join(",")}`;
  const line = (first: number): string => `npm run chaos -- --seed ${seed}${chosen} --first ${first}`;
  const turns = Map.groupBy(told.findings, ({ turn }) => turn);
  return [...turns].flatMap(([turn, findings]) => {
    const since = findings[0]?.since ?? turn;
    return [
      ...findings.slice(0, SHOWN_FINDINGS).map(({ what }) => `  #${turn}: ${what}`),
      ...(findings.length > SHOWN_FINDINGS
        ? [`  #${turn}: and ${findings.length - SHOWN_FINDINGS} more`]
        : []),
      `  again: ${line(turn)} --minutes 0.1`,
      ...(since === turn ? [] : [`  with all that came before it: ${line(since)}`]),
    ];
  });
}

function asKinds(text: string): readonly FaultKind[] {
  const named = text.split(",").map((word) => ({ word, kinds: kindsNamed(word) }));
  const unknown = named.find(({ kinds }) => kinds.length === 0);
  if (unknown) throw new InvalidArgumentError(`"${unknown.word}" is none of ${faultKinds.join(", ")}.`);
  return [...new Set(named.flatMap(({ kinds }) => kinds))];
}
