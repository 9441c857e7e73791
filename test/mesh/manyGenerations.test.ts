import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { randomBytes } from "#crypto";
import { TopicPositionSchema } from "../../src/gen/weft/v1/node_pb.ts";
import { encodeAsk, MAX_HEADS, MAX_SYNC_REQUEST_BYTES } from "../../src/mesh/syncMessages.ts";
import { openHeadTeller } from "../../src/mesh/tellHeads.ts";
import { bindMeshLog } from "../../src/node/bindMeshLog.ts";
import { topicPositionFromMessage, topicPositionMessage } from "../../src/rpc/meshMessages.ts";
import { appendPeerBatch } from "../../src/store/node/appendBatch.ts";
import { emptyLog } from "../../src/store/node/logState.ts";
import { logStateOf } from "../../src/store/node/logStore.ts";
import { watermark } from "../../src/store/node/watermark.ts";
import { toHex } from "../../src/wire/ids.ts";
import { MAX_VECTOR_LOGS } from "../../src/wire/limits.ts";
import { logName } from "../../src/wire/logRange.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { registeredNode } from "../support/registeredNode.ts";
import { startTestMesh } from "../support/startTestMesh.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

const GENERATIONS = MAX_HEADS + 150;
const ZERO_HASH = toHex(new Uint8Array(32));

test("a node that opens thousands of generations hides nobody's log, in heads and in vectors", async () => {
  const directory = testDirectory();
  const [evil, honest] = [testOriginator("evil"), testOriginator("honest")];
  directory.set(registeredNode(evil, { generation: GENERATIONS }));
  directory.set(registeredNode(honest));
  await using keep = await temporaryDirectory();
  {
    await using opened = await openTestStore(keep.path);
    const { store } = opened;
    const batches = Array.from({ length: GENERATIONS }, (_, at) =>
      evil.next([testEnvelope({ topic: 1, text: `${at}` })], {
        ...{ generation: BigInt(at + 1), firstSequence: 0n, previous: ZERO_HASH },
      }),
    );
    for (let at = 0; at < GENERATIONS; at += 1_000) {
      await Promise.all(batches.slice(at, at + 1_000).map((batch) => appendPeerBatch({ store, batch })));
    }
    await appendPeerBatch({ store, batch: honest.next([testEnvelope({ topic: 1, text: "hello" })]) });
  }
  const keys = { privateKey: randomBytes(32), originator: testOriginator("first"), path: keep.path };
  await using first = await startTestMesh({ name: "first", directory, keys });
  const tell = openHeadTeller({ log: bindMeshLog(first.store) });
  const told = new Set<string>();
  let largest = 0;
  for (let round = 0; round < 2 + GENERATIONS / 100; round++) {
    const message = await tell({ shards: 1n });
    assert.ok(message.heads.length <= MAX_HEADS);
    assert.ok(message.heads.some(({ range }) => range.log.node === honest.log.node));
    assert.ok(message.heads.some(({ range }) => range.log.generation === BigInt(GENERATIONS)));
    for (const { range } of message.heads) told.add(`${range.log.node}/${range.log.generation}`);
    largest = Math.max(largest, encodeAsk(message).length);
  }
  assert.equal(told.size, GENERATIONS + 1, "all are told, one after the other");
  assert.ok(largest < MAX_SYNC_REQUEST_BYTES, `${largest} bytes`);

  await using second = await startTestMesh({ name: "second", directory });
  for (const mesh of [first, second]) mesh.register(directory);
  await until(
    "the honest log reaches a new peer",
    () => logStateOf(second.store.state, honest.log).next === 1n,
  );

  const { state } = first.store;
  const many = Array.from({ length: MAX_VECTOR_LOGS }, (_, at) =>
    emptyLog({ ...evil.log, generation: BigInt(GENERATIONS + at) }),
  );
  const logs = new Map([...many.map((log) => [logName(log.log), log] as const), ...state.logs]);
  const large = { ...first.store, state: { ...state, logs } };
  const { vector } = watermark(large);
  assert.equal(vector.length, MAX_VECTOR_LOGS);
  assert.ok(vector.some(({ log }) => log.node === honest.log.node));
  assert.deepEqual(watermark(large, { shards: new Set([7]) }).vector, [], "what is of other shards");
  const position = topicPositionMessage({ topic: new Uint8Array(33).fill(1), vector });
  assert.equal(topicPositionFromMessage(create(TopicPositionSchema, position)).vector?.length, vector.length);
});
