import assert from "node:assert/strict";
import { coreOf } from "../../src/client/client.ts";
import type { Notice } from "../../src/client/group/events.ts";
import type { Group } from "../../src/client/group/group.ts";
import { createGroup, groupStatus, preferNode } from "../../src/index.ts";
import type { ChainEvent, NodeApi } from "../../src/rpc/nodeApi.ts";
import type { EntryPage } from "../../src/wire/chainEntry.ts";
import type { GroupId } from "../../src/wire/ids.ts";
import { openTestClient, type TestClient } from "./openTestClient.ts";
import { isMember } from "./openTestGroup.ts";
import { type LyingNode, startLyingNode } from "./startLyingNode.ts";
import type { TestNetwork } from "./startTestNetwork.ts";
import { until } from "./until.ts";

/** A group of alice, bob and carol, of whom bob reaches each node by a party that may change what it says. */
export type Served = AsyncDisposable & {
  readonly group: GroupId;
  readonly alice: TestClient;
  readonly bob: TestClient;
  readonly carol: TestClient;
  /** As bob knows them; the first one serves bob. */
  readonly nodes: readonly LyingNode[];
  /** What bob's app has heard. */
  readonly heard: readonly Notice[];
  /** What bob's client holds of the group. */
  readonly handle: Group;
};

export async function openServed(params: { network: TestNetwork; finalityBlocks?: number }): Promise<Served> {
  const { network, finalityBlocks } = params;
  const more = finalityBlocks === undefined ? {} : { finalityBlocks };
  await using stack = new AsyncDisposableStack();
  const nodes: LyingNode[] = [];
  for (const node of network.nodes) nodes.push(stack.use(await startLyingNode({ node })));
  const alice = stack.use(await openTestClient({ network, name: "alice", ...more }));
  const carol = stack.use(await openTestClient({ network, name: "carol", ...more }));
  const bob = stack.use(await openTestClient({ network: { ...network, nodes }, name: "bob", ...more }));
  const heard: Notice[] = [];
  stack.defer(
    coreOf(bob.client).events.listen((event) => {
      heard.push(event);
    }),
  );
  const members = [bob, carol].map(({ client }) => client.inbox);
  const { group, intent } = await createGroup({ client: alice.client, name: "test", members });
  assert.deepEqual(await intent.settled, { kind: "delivered" });
  for (const member of [bob, carol]) await until("a member in the group", () => isMember(member, group));
  const [first, second] = nodes;
  assert.ok(first && second);
  await preferNode({ client: alice.client, group, node: second.nodeId });
  await preferNode({ client: bob.client, group, node: first.nodeId });
  await until("bob served by the first node", async () => (await servedBy(bob, group)) === first.nodeId);
  const handle = coreOf(bob.client).groups.get(group);
  assert.ok(handle);
  const owned = stack.move();
  return {
    ...{ group, alice, bob, carol, nodes, heard, handle },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

export async function servedBy({ client }: Pick<TestClient, "client">, group: GroupId) {
  return (await groupStatus({ client, group })).node;
}

export async function headOf({ client }: Pick<TestClient, "client">, group: GroupId) {
  return (await groupStatus({ client, group })).head;
}

/** Entries and streams of a node whose pages somebody changes; other events can be put before each. */
export function changePages(
  api: NodeApi,
  change: (page: EntryPage) => EntryPage,
  events: (event: ChainEvent) => readonly ChainEvent[] = (event) => [event],
): Pick<NodeApi, "followChain" | "fetchEntries"> {
  return {
    followChain: async function* (params, call) {
      for await (const event of api.followChain(params, call)) {
        for (const one of events(event)) yield one.kind === "entries" ? { ...one, ...change(one) } : one;
      }
    },
    fetchEntries: async (params, call) => change(await api.fetchEntries(params, call)),
  };
}
