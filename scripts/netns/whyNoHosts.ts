import { ip, tc } from "./ip.ts";
import { namespaceOf } from "./removeLeftovers.ts";

/** Why hosts can't be laid out on this machine, in words; undefined if they can. It tries what they need. */
export async function whyNoHosts(): Promise<string | undefined> {
  const probe = namespaceOf({ pid: process.pid, host: "probe" });
  try {
    await ip(`netns add ${probe}`);
  } catch (error) {
    return `no network namespaces here: ${reasonOf(error)}`;
  }
  try {
    await ip(`-n ${probe} link add here type veth peer name there`);
    await ip(`-n ${probe} link add air type vxlan id 1 local 127.0.0.1 remote 127.0.0.1 dstport 1`);
    await ip(`-n ${probe} rule add from 10.0.0.1 to 10.0.0.2 blackhole`);
    await tc(`-n ${probe} qdisc add dev here root tbf rate 64kbit burst 4kb latency 1s`);
    return undefined;
  } catch (error) {
    return `network namespaces lack something here: ${reasonOf(error)}`;
  } finally {
    await ip(`netns delete ${probe}`);
  }
}

function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
  return code === "ENOENT" ? `${message} (iproute2 is not installed)` : stderr?.trim() || message;
}
