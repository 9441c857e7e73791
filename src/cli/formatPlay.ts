import pc from "picocolors";
import type { PlayEvent } from "../scenario/playEvent.ts";
import type { StepOutcome } from "../scenario/stepOutcome.ts";
import type { Summary } from "../scenario/summarize.ts";

/** One line for each step when it has ended; undefined for what people need not see. */
export function formatEvent(event: PlayEvent): string | undefined {
  if (event.kind === "step-started") return undefined;
  const { title, outcome, tookMs } = event;
  const took = pc.dim(`${tookMs.toFixed(0).padStart(6)} ms`);
  const [mark, ...notes] = describeOutcome(outcome);
  const lines = [`${took}  ${mark}  ${title}`, ...notes.map((note) => `${" ".repeat(14)}${pc.dim(note)}`)];
  return lines.join("\n");
}

function describeOutcome(outcome: StepOutcome): [string, ...string[]] {
  switch (outcome.kind) {
    case "done":
    case "delivered":
      return [pc.green("✓")];
    case "failed":
      return [pc.yellow("✗"), `failed: ${outcome.reason}`];
    case "queued":
      return [pc.yellow("…"), `queued: ${outcome.why}`];
    case "unmet":
      return [pc.red("✗"), ...outcome.lacks];
  }
}

/** The verdict with its numbers. */
export function formatSummary(params: { name: string; summary: Summary }): string {
  const { name, summary } = params;
  const failures = Object.entries(summary.failed).map(([reason, count]) => `${count} ${reason}`);
  const counts = [
    `${summary.sent} messages sent`,
    `${summary.delivered} intents delivered`,
    `failed: ${failures.join(", ") || "none"}`,
    `races lost ${summary.racesLost}`,
    `rebased ${summary.rebased}`,
    `lost ${summary.lost}`,
    `gaps ${summary.gaps}`,
    `${summary.seconds} s`,
  ];
  const verdict = summary.ok
    ? pc.green(`${name}: ok, everyone holds the same conversation`)
    : pc.red(`${name}: not ok`);
  return [verdict, ...summary.unmet.map((lack) => pc.red(`  ${lack}`)), pc.dim(counts.join(" · "))].join(
    "\n",
  );
}
