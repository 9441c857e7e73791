import type { Devnet } from "../devnet/startDevnet.ts";
import { playScenario } from "../scenario/playScenario.ts";
import type { Scenario } from "../scenario/readScenario.ts";
import { formatEvent, formatSummary } from "./formatPlay.ts";
import { formatTimelines } from "./formatTimelines.ts";

/** Plays a scenario and tells how it goes: as JSON lines with the summary last, or for people. True if all held. */
export async function playAndPrint(params: {
  scenario: Scenario;
  devnet: Devnet;
  json: boolean;
  signal: AbortSignal;
}): Promise<boolean> {
  const { scenario, devnet, json, signal } = params;
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const { summary, timelines } = await playScenario({
    scenario,
    devnet,
    signal,
    report: (event) => {
      const text = json ? JSON.stringify(event) : formatEvent(event);
      if (text !== undefined) print(text);
    },
  });
  if (json) {
    print(JSON.stringify(summary));
  } else {
    print(`\n${formatTimelines(timelines)}\n`);
    print(formatSummary({ name: scenario.name, summary }));
  }
  return summary.ok;
}
