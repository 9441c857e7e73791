import assert from "node:assert/strict";
import { test } from "node:test";
import { openIntake } from "../../src/mesh/intake.ts";
import { openPeerTurns } from "../../src/mesh/peerTurns.ts";
import { openSync } from "../../src/mesh/syncLogs.ts";
import { encodeAnswer, type SyncAnswer, type SyncAsk } from "../../src/mesh/syncMessages.ts";
import { bindMeshLog } from "../../src/node/bindMeshLog.ts";
import { logStateOf } from "../../src/store/node/logStore.ts";
import type { LogId } from "../../src/wire/logRange.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { registeredNode } from "../support/registeredNode.ts";
import { startHostilePeer } from "../support/startHostilePeer.ts";
import { startTestMesh } from "../support/startTestMesh.ts";
import { testDirectory } from "../support/testDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";
import { testEnvelope, testOriginator } from "../support/testOriginator.ts";
import { until } from "../support/until.ts";

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const ENDLESS = 2n ** 60n;
const VICTIMS = 12;

type Answer = (ask: SyncAsk & { kind: "range" }) => Promise<SyncAnswer> | SyncAnswer;

/** Sync over a real store, with peers that a test plays; `asked` counts the ranges that each was asked for. */
async function openTestSync(peers: Readonly<Record<string, Answer>>) {
  await using stack = new AsyncDisposableStack();
  const { store } = stack.use(await openTestStore());
  const directory = testDirectory();
  const meshLog = bindMeshLog(store);
  const options = { network: testNetwork, directory, log: meshLog, originatorBytesPerMinute: 1e9 };
  const intake = stack.use(openIntake({ ...options, checkBatch: () => "good", logger: silent }));
  const asked: string[] = [];
  const ask = async (peerId: string, request: SyncAsk): Promise<SyncAnswer> => {
    if (request.kind === "heads") return { kind: "heads", heads: [], clockMs: undefined };
    if (request.kind !== "range") return { kind: "absent", availableFrom: undefined };
    asked.push(peerId);
    return (await peers[peerId]?.(request)) ?? { kind: "absent", availableFrom: undefined };
  };
  const stop = new AbortController();
  stack.defer(() => stop.abort());
  const rest = { shards: [0], holeAfterMs: 600_000, logger: silent, signal: stop.signal };
  const sync = openSync({ meshLog, directory, intake, ask, ...rest });
  const owned = stack.move();
  return { store, directory, sync, asked, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const headOf = (log: LogId, highest: bigint) => ({
  range: { log, floor: 0n, next: 0n, headerHash: undefined },
  ...{ highest, branches: [] },
});

test("a peer that claims endless logs and gives nothing keeps no slot that others need", async () => {
  const honest = testOriginator("honest");
  const batch = honest.next([testEnvelope({ topic: 1, text: "real" })]);
  await using opened = await openTestSync({
    // Never answers, as one that a deadline would end.
    silent: () => new Promise(() => undefined),
    skipping: ({ from }) => ({ kind: "absent", availableFrom: from + 1n }),
    honest: ({ from }) =>
      from === 0n ? { kind: "page", batches: [batch] } : { kind: "absent", availableFrom: undefined },
  });
  const { directory, sync, store, asked } = opened;
  const victims = Array.from({ length: VICTIMS }, (_, at) => testOriginator(`victim ${at}`));
  for (const one of [...victims, honest]) directory.set(registeredNode(one));
  const claims = victims.map(({ log }) => headOf(log, ENDLESS));
  sync.noteHeads("silent", claims);
  sync.noteHeads("skipping", claims);
  await until("both were asked", () => asked.includes("silent") && asked.includes("skipping"));
  sync.noteHeads("honest", [headOf(honest.log, 1n)]);
  await until("the honest log is there", () => logStateOf(store.state, honest.log).next === 1n);
  const times = (peer: string) => asked.filter((one) => one === peer).length;
  assert.ok(times("silent") <= 2, `a silent peer has ${times("silent")} questions open`);
  await until("the skipping one was let go of", () => times("skipping") >= 2 * 17);
});

test("who claims and does not give is asked last, until it gives", async () => {
  const turns = openPeerTurns();
  const peers = ["a", "b", "c"].map((peerId) => ({ peerId }));
  const last = () => turns.order(peers).at(-1)?.peerId;
  for (let i = 0; i < 4; i++) turns.noteOwing("b");
  assert.deepEqual(new Set(Array.from({ length: 20 }, last)), new Set(["b"]));
  assert.ok(turns.isDefaulting("b") && !turns.isDefaulting("a"));
  turns.noteGiven("b");
  assert.ok(!turns.isDefaulting("b"));
  for (let i = 0; i < 2; i++) turns.noteGiven("b");
  assert.equal(new Set(Array.from({ length: 200 }, last)).size, 3);
  // Two slots of one peer, eight of all; who ends lets the next begin, and nobody waits for one who is busy.
  let open = 0;
  const gates = Array.from({ length: 12 }, () => Promise.withResolvers<void>());
  const tasks = gates.map(({ promise }, at) =>
    turns.take(
      () => [{ peerId: `${at % 2 === 0 ? "even" : at}`, reaches: 1n }],
      async () => {
        open++;
        await promise;
      },
    ),
  );
  await until("all that may have begun", () => open === 8);
  for (const { resolve } of gates) resolve();
  await Promise.all(tasks);
  assert.equal(open, 12);
  const never = Promise.withResolvers<void>();
  const busy = [1, 2].map(() =>
    turns.take(
      () => [{ peerId: "busy", reaches: 1n }],
      () => never.promise,
    ),
  );
  const known = [{ peerId: "busy", reaches: 1n }];
  const third = turns.take(
    () => known,
    async ({ peerId }) => peerId,
  );
  known.push({ peerId: "free", reaches: 1n });
  turns.stir();
  assert.equal(await third, "free");
  never.resolve();
  await Promise.all(busy);
  assert.equal(
    await turns.take(
      () => [],
      async () => "nobody",
    ),
    undefined,
  );
});

test("a liar in an own head costs seconds, a slow peer none, and one answer of three is not enough", async () => {
  const directory = testDirectory();
  const originator = testOriginator("restarted");
  await using b = await startTestMesh({ name: "b", directory });
  await using c = await startTestMesh({ name: "c", directory });
  await using a = await startTestMesh({ name: "a", directory });
  for (const node of [a, b]) node.register(directory);
  directory.set(registeredNode(originator));
  await until("a hears b", () => a.mesh.peers().includes(b.mesh.peerId));
  const own = (timeoutMs = 20_000) => a.mesh.fetchOwnHead({ log: originator.log, timeoutMs });
  assert.deepEqual(await own(), { kind: "whole", next: 0n, answers: 1 });
  c.register(directory);
  await until("a hears c", () => a.mesh.peers().includes(c.mesh.peerId));
  assert.deepEqual(await own(), { kind: "whole", next: 0n, answers: 2 });
  await c[Symbol.asyncDispose]();
  await until("c is gone", () => !a.mesh.peers().includes(c.mesh.peerId));
  assert.deepEqual(await own(200), { kind: "no-answer" });
  const { log } = originator;
  const head = { range: { log, floor: 0n, next: 0n, headerHash: undefined }, highest: ENDLESS };
  await using liar = await startHostilePeer({ answer: () => encodeAnswer({ kind: "head", head }) });
  liar.register(directory);
  await liar.join({ addresses: a.mesh.multiaddrs(), peerId: a.mesh.peerId });
  assert.deepEqual(await own(), { kind: "lacking", next: 0n, highest: ENDLESS });
});
