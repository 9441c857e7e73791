/**
 * `npm run soak -- --minutes N [--seed S] [--kinds KINDS] | --writes | --history JSON`: plays random histories on networks in memory,
 * in several delivery orders each, until the time is up; or one in which every write of two members ends badly in
 * every way; or one that is given. What fails is made smaller and printed with how to play it again; the exit code is
 * 1 then.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import pc from "picocolors";
import { checkHistories } from "../test/search/checkHistories.ts";
import { BAD_ENDS, failEveryWrite } from "../test/search/everyWrite.ts";
import { type History, historyKinds, type Kinds } from "../test/search/history.ts";
import { type Ran, runHistory } from "../test/search/runHistory.ts";
import { positive, whole } from "./numberOptions.ts";

/** Between two looks at the clock. */
const RUNS = 50;
const LENGTHS = { minLength: 4, maxLength: 24 };

type Options = { minutes: number; seed: number; kinds: Kinds; writes: boolean; history?: History };

await new Command("npm run soak --")
  .description("Plays random histories until one breaks what has to hold always, or the time is up.")
  .option("--minutes <number>", "for how long", positive, 10)
  .option(
    "--seed <number>",
    `what the first ${RUNS} histories follow from; the next follow from the numbers behind it`,
    whole,
    Date.now() % 2 ** 31,
  )
  .addOption(
    new Option("--kinds <kinds>", "whether nodes lie in them").choices(historyKinds).default("mixed"),
  )
  .option("--writes", "one history in which every write to a disk ends badly once, in every way", false)
  .option("--history <json>", "one that failed, as it was printed", asHistory)
  .action(async (options: Options) => {
    if (options.history) process.exitCode = await playAgain(options.history);
    else process.exitCode = options.writes ? await failWrites() : await soak(options);
  })
  .parseAsync();

function asHistory(text: string): History {
  try {
    return JSON.parse(text) as History;
  } catch {
    throw new InvalidArgumentError("It takes the JSON that a failing history was printed as, in quotes.");
  }
}

async function soak({ minutes, seed: firstSeed, kinds }: Options): Promise<number> {
  const started = performance.now();
  const untilMs = started + minutes * 60_000;
  const total = { histories: 0, orders: 0 };
  say(
    `histories of ${LENGTHS.minLength} to ${LENGTHS.maxLength} parts for ${minutes} min, from seed ${firstSeed}`,
  );
  for (let seed = firstSeed; performance.now() < untilMs; seed++) {
    const onPlayed = ({ orders }: Ran): void => {
      total.histories++;
      total.orders += 1 + orders;
    };
    const failed = await checkHistories({ seed, runs: RUNS, lengths: LENGTHS, kinds, onPlayed });
    if (failed) {
      say(pc.red(`✖ after ${total.histories} histories:`), String(failed.error));
      say(`  again: npm run soak -- --history '${JSON.stringify(failed.history)}'`);
      return 1;
    }
    const leftMinutes = Math.max(0, (untilMs - performance.now()) / 60_000).toFixed(1);
    process.stderr.write(
      pc.dim(`${total.histories} histories, ${total.orders} orders, ${leftMinutes} min left\n`),
    );
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  say(pc.green(`✔ ${total.histories} histories in ${total.orders} delivery orders held, ${seconds} s`));
  return 0;
}

async function failWrites(): Promise<number> {
  for (const seat of ["alice", "dave"] as const) {
    try {
      const writes = await failEveryWrite({ seat, endsOf: () => BAD_ENDS });
      say(pc.green(`✔ each of ${seat}'s ${writes} writes may end badly in ${BAD_ENDS.length} ways`));
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      say(pc.red(`✖ one of ${seat}'s writes may not end badly:`), String(error.cause));
      say(`  again: ${error.message}`);
      return 1;
    }
  }
  return 0;
}

async function playAgain(history: History): Promise<number> {
  try {
    say(pc.green(`✔ it held, in ${1 + (await runHistory(history)).orders} delivery orders`));
    return 0;
  } catch (error) {
    say(pc.red("✖ it fails:"), error instanceof Error ? (error.stack ?? error.message) : String(error));
    return 1;
  }
}

function say(...words: string[]): void {
  process.stdout.write(`${words.join(" ")}\n`);
}
