import pc from "picocolors";
import { formatTable } from "../../src/cli/formatTable.ts";
import { type Cast, type Turn, tellTurn } from "./faults.ts";
import type { Played } from "./playTurn.ts";
import type { Row } from "./summarize.ts";

const WORDS_WIDTH = 46;

/** For a terminal, until the turn is played. */
export function formatBegun(params: { turn: Turn; cast: Cast }): string {
  return pc.dim(`${numberOf(params.turn)} … ${tellTurn(params)}`);
}

/** What everybody holds was compared. */
export function formatSettled(findings: readonly string[]): string {
  if (findings.length === 0) return pc.dim("        everybody holds the same");
  return [pc.red("        not everything holds:"), ...findings.map((one) => pc.red(`        ${one}`))].join(
    "\n",
  );
}

/** One line for a turn that was played, and one for each thing that did not hold. */
export function formatPlayed(played: Played): string {
  const { turn, words, seconds, meanwhile, recovery, failures } = played;
  const mark = failures.length === 0 ? pc.green("✓") : pc.red("✗");
  const { nextMs, allMs, orderMs } = recovery;
  const times = [`next ${secondsOf(nextMs)}`, `all ${secondsOf(allMs)}`, `order ${secondsOf(orderMs)}`];
  const lasted = `${seconds.toFixed(1).padStart(5)} s`;
  const line = `${pc.dim(numberOf(turn))} ${mark} ${words.padEnd(WORDS_WIDTH)} ${lasted}  ${times.join("  ")}`;
  const shown = pc.dim(`  ${meanwhile} shown meanwhile`);
  return [line + shown, ...failures.map((one) => pc.red(`        ${one}`))].join("\n");
}

const numberOf = ({ number }: Turn): string => `#${number}`.padStart(5);

function secondsOf(ms: number | undefined): string {
  return ms === undefined ? "never" : `${(ms / 1_000).toFixed(1)} s`;
}

/** Times to what came after a fault's end, by kind. */
export function formatRows(rows: readonly Row[]): string {
  const head = ["fault", "times", "failed", "next p50", "worst", "all p50", "worst", "order p50", "worst"];
  const body = rows.map(({ kind, count, failed, next, all, order }) => [
    kind,
    String(count),
    String(failed),
    ...[next, all, order].flatMap(({ p50, worst }) => [secondsOf(p50), secondsOf(worst)]),
  ]);
  return formatTable([head, ...body]);
}
