import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "#crypto";
import { readNodeList } from "../../src/client/directory/readNodeList.ts";
import { listNodes } from "../../src/node/listNodes.ts";
import { MAX_NODES_PER_PAGE } from "../../src/rpc/limits.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { type ChainIndex, openChainIndex } from "../../src/store/node/chainIndex.ts";
import type { IndexedNode } from "../../src/store/node/indexedRecords.ts";
import { asAddress, asId, type NodeId, toHex } from "../../src/wire/ids.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";

const signal = new AbortController().signal;

function indexed(node: NodeId, change: Partial<IndexedNode> = {}): IndexedNode {
  return {
    ...{ node, operator: asAddress(randomBytes(20)), signingKey: toHex(randomBytes(33)), peerId: "0x" },
    ...{ peerProof: "0x", multiaddrs: [], httpAddress: "http://x", generation: 1, registeredBlock: 1 },
    ...{ leavingBlock: undefined, disabledBlock: undefined, isDropped: false, shards: "1", formerShards: [] },
    ...{ bondWei: "1", withdrawableAt: 0 },
    ...change,
  };
}

async function indexOf(params: { index: ChainIndex; nodes: readonly IndexedNode[] }): Promise<ChainIndex> {
  const { index, nodes } = params;
  return { ...index, state: { ...index.state, nodes: new Map(nodes.map((one) => [one.node, one])) } };
}

test("the list comes in pages by id; of what was dropped that of whose logs something is kept", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const held = testOriginator("held");
  await appendPeerBatch({ store, batch: held.next([testEnvelope({ topic: 1, text: "old" })]) });
  const active = Array.from({ length: 2 * MAX_NODES_PER_PAGE }, () => indexed(asId(randomBytes(32))));
  const left = indexed(asId(randomBytes(32)), { leavingBlock: 4, bondWei: "0" });
  const dropped = { isDropped: true, shards: "0", disabledBlock: 4 };
  const needed = indexed(held.log.node, dropped);
  const nodes = [...active, left, needed, indexed(asId(randomBytes(32)), dropped)];
  const index = await indexOf({ index: await openChainIndex({ database: store.database }), nodes });
  let pages = 0;
  const api = {
    listNodes: async ({ after }: { after?: NodeId | undefined }) => {
      const page = listNodes({ index, store, after });
      assert(page.nodes.length <= MAX_NODES_PER_PAGE);
      pages++;
      return page;
    },
  };
  const listed = await readNodeList({ api, signal });
  assert.equal(pages, 3);
  const expected = [...active, left, needed].map(({ node }) => node).sort();
  assert.deepEqual(
    listed.map(({ node }) => node),
    expected,
  );
  assert.equal(listed.find(({ node }) => node === held.log.node)?.isDropped, true);
});

test("a list whose pages do not go on ends", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const nodes = [indexed(asId(randomBytes(32)))];
  const index = await indexOf({ index: await openChainIndex({ database: store.database }), nodes });
  let calls = 0;
  const listing = (page: (after: NodeId | undefined) => readonly NodeId[]) => ({
    listNodes: async ({ after }: { after?: NodeId | undefined }) => {
      calls++;
      const [record] = listNodes({ index, store, after: undefined }).nodes;
      assert(record);
      return { nodes: page(after).map((node) => ({ ...record, node })), head: undefined, more: true };
    },
  });
  const same = asId<NodeId>(randomBytes(32));
  assert.equal((await readNodeList({ api: listing(() => [same]), signal })).length, 2);
  assert.equal((await readNodeList({ api: listing(() => []), signal })).length, 0);
  assert.equal(calls, 3);
  const next = (after: NodeId | undefined) =>
    asId<NodeId>(`0x${(BigInt(after ?? "0x0") + 1n).toString(16).padStart(64, "0")}`);
  const many = (after: NodeId | undefined) => {
    const ids: NodeId[] = [];
    for (let i = 0; i < 1_000; i++) ids.push(next(ids.at(-1) ?? after));
    return ids;
  };
  assert.equal((await readNodeList({ api: listing(many), signal })).length, 10_000);
});
