import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { coreOf, groupOf } from "../../src/client/client.ts";
import { isUp, noteWithholding } from "../../src/client/nodes/nodeLinks.ts";
import {
  createGroup,
  groupStatus,
  preferNode,
  renameGroup,
  type StreamedEvent,
  sendMessage,
  setOnline,
  stream,
  WeftError,
} from "../../src/index.ts";
import { connectNode, type NodeConnection } from "../../src/rpc/connectNode.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { openTestGroup } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;
/** How far the serving node is behind the other one, and the client behind it. */
const LAG_MS = 400;
/** Far shorter than a node is left for. */
const IN_TIME_MS = 25_000;

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

/**
 * Nodes under load: what the chain does is told late, and the first to count an entry's children takes so long that an
 * entry lands meanwhile, which it counts though it lies beyond the head that it had looked up before.
 */
function overloaded(): (place: { url: string }) => NodeConnection {
  let isFirst = true;
  return (place) => around(connectNode(place));
  function around(node: NodeConnection): NodeConnection {
    return {
      ...node,
      followChain: (params, call) => lagging(node.followChain(params, call), call?.signal),
      getEntry: async (params, call) => {
        const early = await node.getEntry(params, call);
        if (!isFirst) return early;
        isFirst = false;
        let late = early;
        await until("an entry lands", async () => {
          late = await node.getEntry(params, call);
          return late.children > early.children;
        });
        return { ...late, head: early.head };
      },
    };
  }
}

/** Each event comes so much later, the end as well. */
async function* lagging<Event>(
  events: AsyncIterable<Event>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Event> {
  const source = events[Symbol.asyncIterator]();
  const next = async () => {
    const result = await source.next();
    return { result, atMs: Date.now() + LAG_MS };
  };
  const read: ReturnType<typeof next>[] = [];
  const pump = async (): Promise<void> => {
    for (;;) {
      const one = next();
      one.catch(() => undefined);
      read.push(one);
      if ((await one).result.done) return;
    }
  };
  pump().catch(() => undefined);
  for (;;) {
    const one = read.shift();
    if (one === undefined) {
      await delay(1);
      continue;
    }
    const { result, atMs } = await one;
    await delay(Math.max(0, atMs - Date.now()));
    signal?.throwIfAborted();
    if (result.done) return;
    yield result.value;
  }
}

test("an honest node that is slower than the other one is not taken for one that withholds, and nothing stands still", async () => {
  await using alice = await openTestClient({ network, name: "alice", connect: overloaded() });
  await using bob = await openTestClient({ network, name: "bob" });
  const { client } = alice;
  await setOnline({ client, online: false });
  const { group } = await createGroup({ client, name: "later", members: [bob.client.inbox] });
  const hello = await sendMessage({ client, group, text: "first words" });
  const stop = new AbortController();
  const told: StreamedEvent[] = [];
  const listening = (async () => {
    for await (const event of stream({ client, signal: stop.signal })) told.push(event);
  })();
  await setOnline({ client, online: true });
  assert.deepEqual(await inTime(hello.settled), delivered);
  stop.abort();
  await listening;
  assert.deepEqual(
    told.filter(({ kind }) => kind === "withheld"),
    [],
  );
});

test("a node that a client does not read by still holds what is said for the others", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob"] });
  const { group, members } = opened;
  const [alice] = members;
  assert.ok(alice);
  const { client } = alice;
  const core = coreOf(client);
  for (const { nodeId } of network.nodes) {
    core.links.health.clear();
    noteWithholding(core.links, nodeId, Date.now());
    core.feedsWakeup.wake();
    const { settled } = await sendMessage({ client, group, text: "for both" });
    assert.deepEqual(await inTime(settled), delivered);
    assert.ok(!isUp(core.links, nodeId, Date.now()), "what it answers does not bring it back");
  }
});

test("a client that is cut off and let back at once goes on, whatever of it is still ending", async () => {
  await using opened = await openTestGroup({ network, names: ["alice"] });
  const { group, members } = opened;
  const [alice] = members;
  assert.ok(alice);
  const { client } = alice;
  for (let round = 0; round < 5; round++) {
    const away = setOnline({ client, online: false });
    const back = setOnline({ client, online: true });
    const { settled } = await sendMessage({ client, group, text: `round ${round}` });
    assert.deepEqual(await inTime(settled), delivered);
    await Promise.all([away, back]);
  }
});

test("what the app wants while the database is opened again holds afterwards", async () => {
  await using opened = await openTestGroup({ network, names: ["alice"] });
  const { group, members } = opened;
  const [alice] = members;
  assert.ok(alice);
  const { client } = alice;
  const core = coreOf(client);
  for (const online of [false, true]) {
    core.onStorageFault();
    assert.ok(core.recovery);
    await setOnline({ client, online });
    await core.recovery;
    assert.equal(core.online !== undefined, online);
  }
  const { settled } = await sendMessage({ client, group, text: "here again" });
  assert.deepEqual(await inTime(settled), delivered);
});

test("a group whose write fails while the database is opened again is written to all the same", async () => {
  await using opened = await openTestGroup({ network, names: ["alice"] });
  const { group: id, members } = opened;
  const [alice] = members;
  assert.ok(alice);
  const { client } = alice;
  const core = coreOf(client);
  const group = groupOf(core, id);
  core.onStorageFault();
  const { recovery } = core;
  // As if a write had failed after the disk was read anew.
  await setOnline({ client, online: false });
  core.events.listen(({ kind }) => {
    if (kind === "missed" && core.recovery === recovery) group.isDoubtful = true;
  });
  await until("it is written to", () => core.recovery === undefined && !group.isDoubtful);
  await setOnline({ client, online: true });
  const { settled } = await sendMessage({ client, group: id, text: "on disk" });
  assert.deepEqual(await inTime(settled), delivered);
});

test("a node that can't relay stops no commit: the next one gets a turn", async () => {
  const [broken] = network.nodes;
  assert.ok(broken);
  let asked = 0;
  const fails = async (): Promise<never> => {
    asked++;
    throw new WeftError({ code: asked % 2 === 1 ? "unfunded" : "chain-unreachable", message: "not now" });
  };
  const connect = (place: { url: string }): NodeConnection => {
    const node = connectNode(place);
    return place.url === broken.url ? { ...node, relayAppend: fails } : node;
  };
  await using alice = await openTestClient({ network, name: "alice", connect });
  const { client } = alice;
  const { group, intent } = await createGroup({ client, name: "first", members: [] });
  assert.deepEqual(await inTime(intent.settled), delivered);
  await preferNode({ client, group, node: broken.nodeId });
  await until("served by it", async () => (await groupStatus({ client, group })).node === broken.nodeId);
  const renamed = await renameGroup({ client, group, name: "second" });
  assert.deepEqual(await inTime(renamed.settled), delivered);
  assert.ok(asked > 0);
});

function inTime<T>(promise: Promise<T>): Promise<T | "stands still"> {
  return Promise.race([promise, delay(IN_TIME_MS, "stands still" as const, { ref: false })]);
}
