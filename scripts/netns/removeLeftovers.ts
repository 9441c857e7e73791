import { ip } from "./ip.ts";

const OURS = /^weft-(\d+)-/;

/** How the namespaces of a process are called: nobody else's have these names while it lives. */
export function namespaceOf(params: { pid: number; host: string }): string {
  return `weft-${params.pid}-${params.host}`;
}

/** Removes namespaces, and with them all that is in them, which processes left that are gone. */
export async function removeLeftovers(): Promise<void> {
  const names = (await ip("netns list")).split("\n").flatMap((line) => line.split(" ")[0] || []);
  for (const name of names) {
    const pid = OURS.exec(name)?.[1];
    // Another process may be removing them, too.
    if (pid !== undefined && !isRunning(Number(pid))) await ip(`netns delete ${name}`).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
