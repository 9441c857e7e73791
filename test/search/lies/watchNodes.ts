import { coreOf } from "../../../src/client/client.ts";
import { toHex } from "../../../src/wire/ids.ts";
import type { MemoryChain } from "../memoryChain.ts";
import type { Seat } from "../seat.ts";
import type { Deceit } from "./deceit.ts";

/** Notes who takes any node for something else than the chain says; what was believed once may be over at the end. */
export function watchNodes(params: {
  chain: MemoryChain;
  deceit: Deceit;
  seats: ReadonlyMap<string, Seat>;
}): void {
  const { chain, deceit, seats } = params;
  const records = chain.blocks.flatMap((block) => block.records);
  const registered = new Map(
    records.flatMap((record) =>
      record.kind === "node-registered"
        ? [[record.node, `${toHex(record.signingKey)} ${record.httpAddress}`] as const]
        : [],
    ),
  );
  for (const { name, client } of seats.values()) {
    const known = client ? [...coreOf(client).links.nodes.values()] : [];
    for (const { node, signingKey, httpAddress, disabled, leftBlock, isUnconfirmed } of known) {
      // Whoever reaches nobody else may try what one node says of addresses and of new nodes.
      const isRight = registered.get(node) === `${signingKey} ${httpAddress}` || isUnconfirmed;
      if (!isRight) deceit.deceived.add(`${name}: ${node} at ${httpAddress}`);
      if (disabled || leftBlock !== undefined) deceit.deceived.add(`${name}: the end of ${httpAddress}`);
    }
  }
}
