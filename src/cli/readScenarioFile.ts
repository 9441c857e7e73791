import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { WeftError } from "../errors.ts";
import { readScenario, type Scenario } from "../scenario/readScenario.ts";

/** Reads and checks a scenario file before anything is started; WeftError `bad-scenario` if it can't be played. */
export async function readScenarioFile(params: { path: string; nodes: number }): Promise<Scenario> {
  const { path, nodes } = params;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new WeftError({
      code: "bad-scenario",
      message: `${path} can't be read`,
      hint: "Check its path.",
      cause,
    });
  }
  return readScenario({ name: basename(path), text, nodes });
}
