import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { coreOf } from "../../src/client/client.ts";
import { askNodes } from "../../src/client/nodes/askNodes.ts";
import { createNodeLinks, nodesToTry, noteFailure } from "../../src/client/nodes/nodeLinks.ts";
import { type Errand, MAX_WAIT_MS, noteWait, waitLeftMs } from "../../src/client/nodes/waits.ts";
import { WeftError } from "../../src/errors.ts";
import { PublishResponseSchema, RelayResponseSchema } from "../../src/gen/weft/v1/node_pb.ts";
import { createGroup, preferNode, renameGroup, sendMessage } from "../../src/index.ts";
import type { NodeConnection } from "../../src/rpc/connectNode.ts";
import { type GroupId, toHex } from "../../src/wire/ids.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { type RecordedMessage, recordingConnect } from "../support/recordCalls.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { testEntry, testGroup } from "../support/testGroup.ts";
import { testNodeId, testOperator } from "../support/testWitnesses.ts";
import { until } from "../support/until.ts";

/** What the busy node takes of one address: few messages, and the gas of some twenty entries. */
const LITTLE = { messageBytesBurst: "12000", messageBytesPerSecond: "1500", relayGasPerHour: "12000000" };
const TEXT_BYTES = 1_500;
const TEXTS = 16;
/** Times of requests and of their answers are taken by one clock, in whole milliseconds. */
const SLACK_MS = 5;

let chain: TestChain;
let busy: TestNode;
let other: TestNode;
let member: TestClient;
let group: GroupId;
const seen: RecordedMessage[] = [];

before(async () => {
  chain = await startTestChain({ blockMs: 50 });
  busy = await startTestNode({ chain, account: 1, chosen: LITTLE });
  other = await startTestNode({ chain, account: 2 });
  const network = { chain, nodes: [busy, other] };
  member = await openTestClient({ network, connect: recordingConnect((one) => void seen.push(one)) });
  const created = await createGroup({ ...member, name: "a group", members: [] });
  ({ group } = created);
  assert.deepEqual(await created.intent.settled, { kind: "delivered" });
  await preferNode({ ...member, group, node: busy.nodeId });
});

after(async () => {
  for (const one of [member, other, busy, chain]) await one?.[Symbol.asyncDispose]();
});

const callsAt = ({ url }: TestNode, method: string, direction: RecordedMessage["direction"]) =>
  seen.filter((one) => one.url === url && one.method === method && one.direction === direction);

/** The time that each answer of the busy node names; undefined: it names none. */
function toldBy(method: string): { atMs: number; toldMs: number }[] {
  return callsAt(busy, method, "response").flatMap(({ bytes, atMs }) => {
    const results =
      method === "Publish"
        ? fromBinary(PublishResponseSchema, bytes).results
        : [fromBinary(RelayResponseSchema, bytes)];
    const waits = results.flatMap(({ result }) =>
      result.case === "refused" ? [result.value.retryAfterMs] : [],
    );
    const toldMs = Math.min(MAX_WAIT_MS, Math.max(0, ...waits));
    return toldMs > 0 ? [{ atMs, toldMs }] : [];
  });
}

/** Calls of the busy node within a time that it had named. */
function tooEarly(method: string): RecordedMessage[] {
  const told = toldBy(method);
  return callsAt(busy, method, "request").filter(({ atMs }) =>
    told.some((one) => atMs > one.atMs + SLACK_MS && atMs < one.atMs + one.toldMs - SLACK_MS),
  );
}

const waitOf = (errand: Errand) =>
  waitLeftMs(coreOf(member.client).links.waits, { node: busy.nodeId, errand });

test("what a node has no room for goes to another; the node gets nothing before its time, and then again", async () => {
  const text = "x".repeat(TEXT_BYTES);
  // At once, so that nothing comes back meanwhile on a machine that is busy.
  const sent = await Promise.all(
    Array.from({ length: TEXTS }, () => sendMessage({ ...member, group, text })),
  );
  for (const { settled } of sent) assert.deepEqual(await settled, { kind: "delivered" });
  assert.ok(toldBy("Publish").length > 0, "the node has named a time");
  assert.ok(callsAt(other, "Publish", "request").length > 0, "the other node took what the first did not");
  const errand = `publish ${toHex(groupTopic(group))}` as const;
  while (waitOf(errand) > 0) {
    const { settled } = await sendMessage({ ...member, group, text: "meanwhile" });
    assert.deepEqual(await settled, { kind: "delivered" });
  }
  assert.deepEqual(tooEarly("Publish"), []);
  const before = callsAt(busy, "Publish", "request").length;
  await sendMessage({ ...member, group, text: "once more" });
  await until("it is asked again", () => callsAt(busy, "Publish", "request").length > before);
});

test("a node that pays for no more is left for its time, and commits get to the chain by another meanwhile", async () => {
  const { network } = chain;
  for (let isUsedUp = false; !isUsedUp; ) {
    const { group, genesis } = testGroup();
    const { append } = testEntry({ network, group, parent: group, signer: genesis });
    const answer = await busy.api.relayAppend(append);
    isUsedUp = answer.kind === "refused" && answer.code === "over-budget";
  }
  for (const name of ["one", "two", "three"]) {
    const { settled } = await renameGroup({ ...member, group, name });
    assert.deepEqual(await settled, { kind: "delivered" });
  }
  assert.equal(toldBy("RelayAppend").length, 1, "it was asked once");
  assert.deepEqual(tooEarly("RelayAppend"), []);
  assert.ok(callsAt(other, "RelayAppend", "response").length >= 3);
});

test("a node that wants no calls is passed over by questions, and not tried again before its time", async () => {
  const asked: string[] = [];
  const retryAfterMs = 30_000;
  const connect = ({ url }: { url: string }) => {
    const getNode = async () => {
      asked.push(url);
      if (url === "1")
        throw new WeftError({ code: "limit-exceeded", message: "too many calls", retryAfterMs });
      return { ready: true };
    };
    return { url, getNode } as unknown as NodeConnection;
  };
  const nodes = [1, 2].map((id) => ({
    ...{ node: testNodeId(id), operator: testOperator(id), signingKey: "0x" as const, httpAddress: `${id}` },
    ...{ registeredBlock: 1, leftBlock: undefined, disabled: false, shards: "1" },
  }));
  const links = createNodeLinks({ bootstrap: [], nodes, connect, onChange: () => undefined });
  const { signal } = new AbortController();
  const ask = (ranked: typeof nodes) =>
    askNodes({ links, ranked, signal, ask: (api: NodeConnection) => api.getNode({}) });
  for (let i = 0; i < 3; i++) await ask(nodes);
  assert.deepEqual(asked, ["1", "2", "2", "2"]);
  await assert.rejects(ask(nodes.slice(0, 1)), ({ code, retryAfterMs: left }: WeftError) => {
    return code === "limit-exceeded" && left !== undefined && left > 0 && left <= retryAfterMs;
  });
  assert.deepEqual(asked.length, 4, "and alone it is not asked either");
  const [node] = nodes.map((one) => one.node);
  assert(node !== undefined);
  noteFailure(links, node, 1_000, retryAfterMs);
  noteFailure(links, testNodeId(2), 1_000);
  assert.deepEqual(nodesToTry(links, 1_000 + retryAfterMs - 1), [testNodeId(2)]);
  assert.deepEqual(nodesToTry(links, 1_000 + retryAfterMs), [node, testNodeId(2)]);
});

test("no node makes a client wait for longer than a minute, or by a time that is none", () => {
  const waits = new Map<string, number>();
  const node = testNodeId(1);
  noteWait(waits, { node, errand: "relay a", retryAfterMs: Number.POSITIVE_INFINITY });
  const left = waitLeftMs(waits, { node, errand: "relay a" });
  assert.ok(left > 0 && left <= MAX_WAIT_MS);
  for (const retryAfterMs of [undefined, 0, -5, Number.NaN])
    noteWait(waits, { node, errand: "relay b", retryAfterMs });
  assert.equal(waitLeftMs(waits, { node, errand: "relay b" }), 0);
  for (let i = 0; i < 10_000; i++) noteWait(waits, { node, errand: `relay ${i}`, retryAfterMs: 1_000 });
  assert.ok(waits.size < 5_000, `${waits.size} waits are kept`);
});
