import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs the system's `ip`; words are parted by spaces. Throws with what it printed. */
export async function ip(words: string): Promise<string> {
  return (await run("ip", words.split(" "))).stdout;
}

/** Runs the system's `tc`, likewise. */
export async function tc(words: string): Promise<string> {
  return (await run("tc", words.split(" "))).stdout;
}

/** What a program needs in front of it to run in a network namespace, as the process that was started. */
export function withinNamespace(namespace: string): readonly string[] {
  return ["ip", "netns", "exec", namespace];
}

/** Writes a setting of the kernel for one network namespace. */
export async function setInNamespace(params: {
  namespace: string;
  file: string;
  value: number;
}): Promise<void> {
  const { namespace, file, value } = params;
  const [command = "", ...args] = withinNamespace(namespace);
  await run(command, [...args, "sh", "-c", `echo ${value} >/proc/sys/net/${file}`]);
}
