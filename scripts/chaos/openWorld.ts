import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { generatePrivateKey } from "viem/accounts";
import { type Devnet, startDevnet } from "../../src/devnet/startDevnet.ts";
import type { LocalChain } from "../../src/devnet/startLocalChain.ts";
import { startTcpProxy, type TcpProxy } from "../../test/support/tcpProxy.ts";
import type { Cast } from "./faults.ts";
import { freePort } from "./freePort.ts";
import { hearPerson } from "./hearPerson.ts";
import { createLedger } from "./ledger.ts";
import { openClock } from "./openClock.ts";
import { openDisk } from "./openDisk.ts";
import { openPerson } from "./openPerson.ts";
import { openProvider } from "./openProvider.ts";
import { revivePerson } from "./revivePerson.ts";
import type { NodeSeat, PersonSeat, World } from "./world.ts";

type Params = {
  directory: string;
  cast: Cast;
  seed: number;
  signal: AbortSignal;
  onProgress: (text: string) => void;
};

/**
 * A chain, nodes and clients, each a process of its own, with a proxy on each way between them; all clients are in one
 * group, the hall. Disposing of it ends them all.
 */
export async function openWorld(params: Params): Promise<World & AsyncDisposable> {
  const { directory, cast, seed, signal, onProgress } = params;
  await using stack = new AsyncDisposableStack();
  await mkdir(directory, { recursive: true });
  const { devnet, nodes } = await openNodes({ ...params, stack });
  onProgress(`${nodes.length} nodes run`);
  const people: PersonSeat[] = [];
  const world: World = {
    ...{ devnet, people, seed, signal },
    // A client's own way to each node comes with the client.
    nodes: nodes.map((seat, index) => ({
      ...seat,
      get doors() {
        return [...seat.doors, ...people.flatMap(({ ways }) => ways[index] ?? [])];
      },
    })),
    ledger: createLedger(),
    logged: new Map(),
    talk: undefined,
    hall: undefined,
    inboxes: new Map(),
    failures: [],
    ended: new Set(),
  };
  for (const name of cast.clients) people.push(await openSeat({ ...params, stack, world, name }));
  await Promise.all(people.map((seat) => revivePerson({ world, seat })));
  onProgress(`${people.length} clients run`);
  const owned = stack.move();
  return Object.assign(world, { [Symbol.asyncDispose]: () => owned.disposeAsync() });
}

type Stacked = Params & { stack: AsyncDisposableStack };

async function openNodes(params: Stacked): Promise<{ devnet: Devnet; nodes: NodeSeat[] }> {
  const { stack, directory, cast, signal } = params;
  const parts: Omit<NodeSeat, "node">[] = [];
  const choose = async ({ number, chain }: { number: number; chain: LocalChain }) => {
    const name = cast.nodes[number - 1] ?? `node ${number}`;
    const ports = { http: await freePort(), mesh: await freePort() };
    const front = stack.use(await startTcpProxy({ port: ports.http }));
    const meshDoor = stack.use(await startTcpProxy({ port: ports.mesh }));
    const provider = stack.use(await openProvider({ rpcUrl: chain.rpcUrl }));
    const clock = await openClock({ file: join(directory, `${name}.clock`) });
    const disk = await openDisk({ path: join(directory, `node-${number}`) });
    if (disk) stack.use(disk);
    parts[number - 1] = { name, provider, clock, disk, doors: [front], meshDoor };
    const announced = ["--announce", `/ip4/127.0.0.1/tcp/${meshDoor.port}`];
    return {
      rpcUrl: provider.rpcUrl,
      ports: { http: `127.0.0.1:${ports.http}`, listen: `/ip4/127.0.0.1/tcp/${ports.mesh}` },
      args: [...announced, "--public-url", `http://127.0.0.1:${front.port}`],
      env: clock.env,
    };
  };
  const count = cast.nodes.length;
  const devnet = stack.use(await startDevnet({ directory, nodes: count, chain: "anvil", choose, signal }));
  return { devnet, nodes: parts.flatMap((part, index) => seatOf(part, devnet.nodes[index])) };
}

function seatOf(part: Omit<NodeSeat, "node">, node: Devnet["nodes"][number] | undefined): NodeSeat[] {
  return node === undefined ? [] : [{ ...part, node }];
}

async function openSeat(params: Stacked & { world: World; name: string }): Promise<PersonSeat> {
  const { stack, world, name } = params;
  const ways: TcpProxy[] = [];
  for (const { node } of world.nodes) {
    ways.push(stack.use(await startTcpProxy({ port: Number(new URL(node.addresses.url).port) })));
  }
  const clock = await openClock({ file: join(params.directory, `${name}.clock`) });
  const directory = join(params.directory, name);
  const disk = await openDisk({ path: directory });
  if (disk) stack.use(disk);
  const urls = ways.map(({ port }) => `http://127.0.0.1:${port}`);
  const turn = world.people.length % urls.length;
  const nodes = [...urls.slice(turn), ...urls.slice(0, turn)];
  const { network } = world.devnet;
  const person = stack.use(
    openPerson({
      env: clock.env,
      onWord: (word) => hearPerson({ world, name, word }),
      onEnd: (how) => {
        world.failures.push(`${name}'s process ended by itself ${how}`);
        void revivePerson({ world, seat });
      },
    }),
  );
  const place = { directory, privateKey: generatePrivateKey(), network, nodes };
  const seat = { name, person, place, clock, disk, ways };
  return seat;
}
