import { createSocket } from "node:dgram";
import { once } from "node:events";
import { ip } from "./ip.ts";
import { mendChecksum } from "./mendChecksum.ts";
import type { Host, Hosts } from "./openHosts.ts";

/** What becomes of each packet, by chance. */
export type Roughness = {
  readonly lostShare: number;
  readonly delayMs: number;
  /** Up to so much more or less, each for itself: so they overtake each other. */
  readonly jitterMs: number;
};

export type RoughLink = AsyncDisposable & {
  readonly counts: () => { readonly passed: number; readonly lost: number; readonly overtaken: number };
};

/** The hub's end of a tunnel; locally administered. */
const TUNNEL_MAC = "02:00:00:00:00:01";
/** What is left of 1,500 bytes when a packet travels in another one. */
const TUNNEL_MTU = 1450;
/** The host's number is added. */
const FIRST_HUB_PORT = 4800;

/**
 * Loses, delays and reorders what a host sends to other hosts, and nothing of what it receives, until it is disposed.
 * netem would do it where the kernel has it, which many do not. Here the host's packets take a tunnel (VXLAN) to this
 * process, which hands them on to the hub when and if it likes.
 */
export async function roughenLink(params: {
  network: Hosts;
  host: Host;
  roughness: Roughness;
}): Promise<RoughLink> {
  const { network, host, roughness } = params;
  const { hub, hubAddress, ownAddress } = network;
  await using stack = new AsyncDisposableStack();
  const hubPort = FIRST_HUB_PORT + host.number;
  const relay = await openRelay({ ...roughness, ownAddress, hubAddress, hubPort });
  stack.use(relay);
  const tunnel = `type vxlan id ${host.number}`;
  const exit = `out-of-${host.name}`;
  await ip(
    `-n ${hub} link add ${exit} address ${TUNNEL_MAC} ${tunnel} local ${hubAddress} dstport ${hubPort}`,
  );
  stack.defer(async () => void (await ip(`-n ${hub} link delete ${exit}`)));
  await ip(`-n ${hub} link set ${exit} up`);
  const { namespace, gateway, address } = host;
  const ends = `local ${address} remote ${ownAddress} dstport ${relay.port}`;
  await ip(`-n ${namespace} link add air mtu ${TUNNEL_MTU} gso_max_segs 1 ${tunnel} ${ends}`);
  stack.defer(async () => void (await ip(`-n ${namespace} link delete air`)));
  await ip(`-n ${namespace} link set air up`);
  await ip(`-n ${namespace} neighbour replace ${gateway} lladdr ${TUNNEL_MAC} dev air nud permanent`);
  await ip(`-n ${namespace} route replace default via ${gateway} dev air onlink`);
  stack.defer(async () => void (await ip(`-n ${namespace} route replace default via ${gateway} dev uplink`)));
  const owned = stack.move();
  return { counts: relay.counts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function openRelay(params: Roughness & { ownAddress: string; hubAddress: string; hubPort: number }) {
  const { lostShare, delayMs, jitterMs, ownAddress, hubAddress, hubPort } = params;
  const socket = createSocket("udp4");
  const waiting = new Set<NodeJS.Timeout>();
  const counts = { passed: 0, lost: 0, overtaken: 0 };
  let arrived = 0;
  let newest = 0;
  const pass = (packet: Buffer, number: number): void => {
    counts.passed++;
    if (number < newest) counts.overtaken++;
    newest = Math.max(newest, number);
    socket.send(packet, hubPort, hubAddress);
  };
  socket.on("error", () => undefined);
  socket.on("message", (packet) => {
    const number = ++arrived;
    if (Math.random() < lostShare) {
      counts.lost++;
      return;
    }
    mendChecksum(packet);
    const waitMs = delayMs + jitterMs * (2 * Math.random() - 1);
    const timer = setTimeout(() => {
      waiting.delete(timer);
      pass(packet, number);
    }, waitMs);
    waiting.add(timer);
  });
  socket.bind(0, ownAddress);
  await once(socket, "listening");
  return {
    port: socket.address().port,
    counts: () => ({ ...counts }),
    [Symbol.asyncDispose]: async () => {
      for (const timer of waiting) clearTimeout(timer);
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
}
