import type { Devnet } from "../devnet/startDevnet.ts";
import { type Client, setReachableNodes } from "../index.ts";
import { asId, type NodeId } from "../wire/ids.ts";

/** Tells a client which nodes reach each other: in a partition a conversation stays on its node's side. */
export async function applySides(params: { devnet: Devnet; client: Client }): Promise<void> {
  const { devnet, client } = params;
  const sides = devnet.links.sides().map((side) => side.map(({ addresses }) => asId<NodeId>(addresses.node)));
  await setReachableNodes({ client, sides: sides.length > 1 ? sides : undefined });
}
