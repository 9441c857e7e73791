import { ip, setInNamespace, withinNamespace } from "./ip.ts";
import { namespaceOf, removeLeftovers } from "./removeLeftovers.ts";

/** A network namespace with one link, to the hub. */
export type Host = {
  readonly name: string;
  /** From 1. */
  readonly number: number;
  readonly namespace: string;
  readonly address: string;
  /** The hub's end of its link. */
  readonly gateway: string;
  /** Runs a program on it. */
  readonly within: readonly string[];
};

/** Hosts around a hub that forwards between them and this process. Disposing removes all of it. */
export type Hosts = AsyncDisposable & {
  readonly hub: string;
  readonly hubAddress: string;
  /** By which they reach this process. */
  readonly ownAddress: string;
  readonly hosts: readonly Host[];
};

/** Every link has four addresses of the network's 256, the first one is this process's own. */
const MOST_HOSTS = 62;

/**
 * Lays out a network 10.x.y.0/24 of its own for this process, and removes what processes left that are gone. Everything
 * is in namespaces that are named for this process, and ends with them. Needs the rights of an administrator.
 */
export async function openHosts(params: { names: readonly string[] }): Promise<Hosts> {
  const { names } = params;
  const { pid } = process;
  if (names.length > MOST_HOSTS) throw new Error(`at most ${MOST_HOSTS} hosts fit into a network`);
  await removeLeftovers();
  await using stack = new AsyncDisposableStack();
  const addressAt = (place: number): string => `10.${(pid >> 8) & 255}.${pid & 255}.${place}`;
  const hub = namespaceOf({ pid, host: "hub" });
  const [hubAddress, ownAddress] = [addressAt(1), addressAt(2)];
  await openNamespace({ namespace: hub, stack });
  await setInNamespace({ namespace: hub, file: "ipv4/ip_forward", value: 1 });
  // Packets may come by another way than answers go.
  for (const which of ["all", "default"])
    await setInNamespace({ namespace: hub, file: `ipv4/conf/${which}/rp_filter`, value: 0 });
  const own = `weft${pid}`;
  await ip(`link add ${own} type veth peer name to-tests netns ${hub}`);
  await ip(`address add ${ownAddress}/30 dev ${own}`);
  await ip(`link set ${own} up`);
  await ip(`-n ${hub} address add ${hubAddress}/30 dev to-tests`);
  await ip(`-n ${hub} link set to-tests up`);
  await ip(`route add ${addressAt(0)}/24 via ${hubAddress} dev ${own}`);
  const hosts: Host[] = [];
  for (const [index, name] of names.entries()) {
    const number = index + 1;
    const namespace = namespaceOf({ pid, host: name });
    const [gateway, address] = [addressAt(4 * number + 1), addressAt(4 * number + 2)];
    await openNamespace({ namespace, stack });
    await ip(`-n ${hub} link add to-${name} type veth peer name uplink netns ${namespace}`);
    await ip(`-n ${hub} address add ${gateway}/30 dev to-${name}`);
    await ip(`-n ${hub} link set to-${name} up`);
    await ip(`-n ${namespace} address add ${address}/30 dev uplink`);
    await ip(`-n ${namespace} link set uplink up`);
    await ip(`-n ${namespace} route add default via ${gateway} dev uplink`);
    // Stays as it is when the way to other hosts becomes a bad one.
    await ip(`-n ${namespace} route add ${ownAddress}/32 via ${gateway} dev uplink`);
    hosts.push({ name, number, namespace, address, gateway, within: withinNamespace(namespace) });
  }
  const owned = stack.move();
  return { hub, hubAddress, ownAddress, hosts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function openNamespace(params: { namespace: string; stack: AsyncDisposableStack }): Promise<void> {
  const { namespace, stack } = params;
  await ip(`netns add ${namespace}`);
  stack.defer(async () => void (await ip(`netns delete ${namespace}`)));
  await ip(`-n ${namespace} link set lo up`);
}
