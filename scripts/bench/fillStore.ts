import { join } from "node:path";
import { randomBytes } from "#crypto";
import { readNode } from "../../src/chain/read/readNode.ts";
import type { DevnetNode } from "../../src/devnet/devnetNode.ts";
import { openBatcher } from "../../src/node/batcher.ts";
import { loadNodeKeys } from "../../src/node/nodeKeys.ts";
import { openChainIndex } from "../../src/store/node/chainIndex.ts";
import { openLogStore } from "../../src/store/node/openLogStore.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { asId } from "../../src/wire/ids.ts";
import type { TestChain } from "../../test/support/startTestChain.ts";
import type { TestConversation } from "../../test/support/startTestConversation.ts";

/** Below what a node lets wait for its disk. */
const AT_ONCE = 4_096;
/** Random, in hex: an envelope of about 550 bytes, as a short message makes. */
const TEXT_BYTES = 154;

/**
 * Appends signed messages of these conversations to the own log of a node that has stopped, in its database and by what
 * it appends with itself: the same batches, each on disk before the next.
 */
export async function fillStore(params: {
  chain: TestChain;
  node: DevnetNode;
  conversations: readonly TestConversation[];
  envelopes: number;
}): Promise<void> {
  const { chain, node, conversations, envelopes } = params;
  const { network } = chain;
  const keys = await loadNodeKeys({ dataDir: node.directory, operatorKey: undefined, relayKey: undefined });
  const path = join(node.directory, "database");
  await using database = await openDatabase({ path, kind: "node", network });
  const store = await openLogStore({ database });
  const index = await openChainIndex({ database });
  const id = asId<Parameters<typeof readNode>[0]["node"]>(node.addresses.node);
  const { generation = 0n } = (await readNode({ chain: chain.chain, node: id })) ?? {};
  await using batcher = await openBatcher({
    ...{ store, network, log: { node: id, generation, shard: 0 }, signingKey: keys.signing },
    anchor: () => index.state.anchor ?? { number: 0, hash: network.genesisHash },
    onBatch: () => undefined,
  });
  for (let done = 0; done < envelopes; done += AT_ONCE) {
    const count = Math.min(AT_ONCE, envelopes - done);
    const posted = Array.from({ length: count }, (_, i) => drawMessage(conversations, done + i));
    await Promise.all(posted.map(batcher.append));
  }
}

/** The conversations take turns. */
export function drawMessage(conversations: readonly TestConversation[], turn: number): Envelope {
  const conversation = conversations[turn % conversations.length];
  if (conversation === undefined) throw new Error("nobody talks");
  return conversation.post(Buffer.from(randomBytes(TEXT_BYTES)).toString("hex"));
}
