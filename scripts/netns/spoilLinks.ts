import { ip, tc } from "./ip.ts";
import type { Host, Hosts } from "./openHosts.ts";

/** What passes before a slow link is slow: more than one packet, or none would pass at all. */
const BURST = "4kb";
/** What waits longer than that is dropped. */
const QUEUE = "400ms";

/** Lets nothing pass between hosts of different sides, both ways, and tells nobody, until it is disposed. */
export async function partSides(params: {
  network: Hosts;
  sides: readonly (readonly Host[])[];
}): Promise<AsyncDisposable> {
  const { network, sides } = params;
  const ways = sides.flatMap((side, index) =>
    sides.flatMap((other, at) => (at === index ? [] : waysBetween(side, other))),
  );
  const change = async (verb: "add" | "delete"): Promise<void> => {
    for (const { from, to } of ways)
      await ip(`-n ${network.hub} rule ${verb} from ${from.address} to ${to.address} blackhole`);
  };
  await change("add");
  return { [Symbol.asyncDispose]: () => change("delete") };
}

function waysBetween(side: readonly Host[], other: readonly Host[]): { from: Host; to: Host }[] {
  return side.flatMap((from) => other.map((to) => ({ from, to })));
}

/** `waits`: how often a packet was not sent at once. */
export type SlowLink = AsyncDisposable & { readonly waits: () => Promise<number> };

/** Lets what a host sends pass at this rate only, as `tc` writes it, until it is disposed. */
export async function slowLink(params: { host: Host; rate: string }): Promise<SlowLink> {
  const { host, rate } = params;
  const { namespace } = host;
  await tc(`-n ${namespace} qdisc add dev uplink root tbf rate ${rate} burst ${BURST} latency ${QUEUE}`);
  return {
    waits: async () => {
      const [queue] = JSON.parse(await tc(`-n ${namespace} -s -j qdisc show dev uplink`)) as Queue[];
      return queue?.overlimits ?? 0;
    },
    [Symbol.asyncDispose]: async () => void (await tc(`-n ${namespace} qdisc delete dev uplink root`)),
  };
}

type Queue = { readonly overlimits?: number };
