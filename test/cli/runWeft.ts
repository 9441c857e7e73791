import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const commandLine = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export type WeftRun = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** Runs `weft` in `directory` to its end; a bad exit code is an outcome, not an error. */
export function runWeft(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
  directory: string = process.cwd(),
): Promise<WeftRun> {
  return new Promise((resolve) => {
    const env = { ...environment, NO_COLOR: "1", COLUMNS: "100" };
    execFile(process.execPath, [commandLine, ...args], { env, cwd: directory }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}
