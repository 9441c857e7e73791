import { join } from "node:path";
import { announceDevnet } from "../../src/devnet/announceDevnet.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";

/** A working directory in which a devnet runs, as `weft` finds it. */
export async function startTown(params: { nodes: number }): Promise<
  AsyncDisposable & {
    readonly directory: string;
    readonly networkFile: string;
    readonly chain: TestNetwork["chain"];
  }
> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory());
  const { nodes, chain } = stack.use(await startTestNetwork({ nodes: params.nodes }));
  const networkFile = join(nodes[0]?.dataDir ?? "", "network.json");
  const devnet = { networkFile, nodes: nodes.map(({ url }) => url) };
  stack.use(await announceDevnet({ directory: join(directory, ".weft"), devnet }));
  const owned = stack.move();
  return { directory, networkFile, chain, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
