import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { replaysOf, vectorNames } from "../test/support/vectors/replayVectors.ts";
import { readVectorFile, type VectorFile, vectorPath } from "../test/support/vectors/vectorFile.ts";
import type { VerdictVectors } from "../test/support/vectors/verdictVectors.ts";
import { drawDirect } from "./vectors/drawDirect.ts";
import { drawVerdicts } from "./vectors/drawVerdicts.ts";

/**
 * Writes into test/vectors what the recorded cases give now: `npm run vectors`. With `-- --draw`, after a change of
 * what is sealed or signed or for entries of a new kind, the groups and entries of the verdicts are drawn anew first.
 */
const { draw } = parseArgs({ options: { draw: { type: "boolean", default: false } } }).values;

if (draw) {
  for (const [name, drawn] of [
    ["verdicts", drawVerdicts()],
    ["direct", drawDirect()],
  ] as const) {
    write(name, { ...drawn, cases: readVectorFile<VerdictVectors>(name).cases });
  }
}
for (const name of vectorNames) {
  const cases = replaysOf(name).map(({ replay, ...one }) => ({ ...one, expected: replay() }));
  write(name, { ...readVectorFile<VectorFile<object, object>>(name), cases });
}
const biome = fileURLToPath(new URL("../node_modules/.bin/biome", import.meta.url));
const formatted = spawnSync(biome, ["format", "--write", ...vectorNames.map(vectorPath)], {
  stdio: "inherit",
});
process.exitCode = formatted.status ?? 1;

function write(name: string, vectors: object): void {
  writeFileSync(vectorPath(name), JSON.stringify(vectors));
}
