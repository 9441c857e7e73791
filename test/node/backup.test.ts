import assert from "node:assert/strict";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { loadBackup } from "../../src/node/operating/loadBackup.ts";
import { saveBackup } from "../../src/node/operating/saveBackup.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import type { EnvelopeHash } from "../../src/wire/ids.ts";
import type { Receipt } from "../../src/wire/receipt.ts";
import { runWeft } from "../cli/runWeft.ts";
import { startTestChain, type TestChain } from "../support/startTestChain.ts";
import { startTestConversation, type TestConversation } from "../support/startTestConversation.ts";
import { startTestNode, type TestNode } from "../support/startTestNode.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { until } from "../support/until.ts";

const ENOUGH = 40;
const signal = AbortSignal.timeout(120_000);
const onProgress = (): void => undefined;

const stack = new AsyncDisposableStack();
let chain: TestChain;
let node: TestNode;
/** It would confirm to the node where its log ends. */
let peer: TestNode;
let conversation: TestConversation;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

before(async () => {
  chain = stack.use(await startTestChain());
  directory = stack.use(await temporaryDirectory());
  node = stack.use(await startTestNode({ chain, account: 1, dataDir: join(directory.path, "first") }));
  peer = stack.use(await startTestNode({ chain, account: 2 }));
  conversation = await startTestConversation({ network: chain.network, api: node.api });
});

after(() => stack.disposeAsync());

test("a node that is brought back from a backup under load has all from before it, and signs nothing twice", async () => {
  const url = node.metricsUrl ?? "";
  const file = join(directory.path, "node.backup");
  const stop = new AbortController();
  const took: { hash: EnvelopeHash; receipt: Receipt }[] = [];
  const publishing = publishUntil({ stop: stop.signal, took });
  await until("some messages", () => took.length >= ENOUGH);
  const before = took.map(({ hash }) => hash);
  const saved = await saveBackup({ url, file, onProgress, signal });
  assert.equal(saved.header.node, node.nodeId);
  await until("messages behind the backup", () => took.length >= before.length + ENOUGH);
  stop.abort();
  await publishing;
  const all = took.map(({ hash }) => hash);
  await until("the peer to hold all", async () =>
    (await peer.api.hasEnvelopes({ hashes: all })).every(Boolean),
  );

  const dataDir = join(directory.path, "back");
  const networkFile = join(node.dataDir, "network.json");
  const old = await node.api.getNode({});
  await node[Symbol.asyncDispose]();
  await loadBackup({ file, dataDir, networkFile, onProgress, signal });
  await copyFile(join(node.dataDir, "node.json"), join(dataDir, "node.json"));
  await using back = await startTestNode({ chain, account: 1, dataDir });
  assert.equal(back.nodeId, old.node);
  assert.ok((await back.api.hasEnvelopes({ hashes: before })).every(Boolean));
  assert.notEqual((await back.api.getNode({})).database, old.database);

  const more = await Promise.all(
    ["a", "b"].map(async (text) => await back.api.publish({ envelopes: [conversation.post(text)] })),
  );
  const again = more.flat().map((outcome) => {
    assert(outcome.kind === "acknowledged");
    return outcome.receipt;
  });
  const [generation] = new Set(again.map(({ header }) => header.generation));
  assert(generation !== undefined && generation > 1n);
  assertOneHeaderPerSequence([...took.map(({ receipt }) => receipt), ...again]);

  await back[Symbol.asyncDispose]();
  await using restarted = await startTestNode({ chain, account: 1, dataDir });
  const [outcome] = await restarted.api.publish({ envelopes: [conversation.post("after a restart")] });
  assert(outcome?.kind === "acknowledged");
  assertOneHeaderPerSequence([...again, outcome.receipt]);
  const hashes = [...before, envelopeHash(conversation.post("never sent"))];
  assert.equal((await restarted.api.hasEnvelopes({ hashes })).filter(Boolean).length, before.length);
  assert.deepEqual(
    (await readdir(dataDir)).filter((name) => name.startsWith("import-")),
    [],
  );
});

test("a backup takes nobody's place: files, databases and half imports", async () => {
  const url = peer.metricsUrl ?? "";
  const file = join(directory.path, "second.backup");
  await saveBackup({ url, file, onProgress, signal });
  await assert.rejects(saveBackup({ url, file, onProgress, signal }), { code: "bad-config" });
  const gone = { url: "http://127.0.0.1:9", file: join(directory.path, "none"), onProgress, signal };
  await assert.rejects(saveBackup(gone), { code: "node-unreachable" });
  const parts = (await readdir(directory.path)).filter((name) => name.endsWith(".part"));
  assert.deepEqual(parts, [], "nothing is left of what did not become a backup");

  const networkFile = join(peer.dataDir, "network.json");
  const into = (dataDir: string, from = file) =>
    loadBackup({ file: from, dataDir, networkFile, onProgress, signal });
  await assert.rejects(into(peer.dataDir), { code: "bad-config" }, "there is one");
  const cut = join(directory.path, "cut.backup");
  await writeFile(cut, (await readFile(file)).subarray(0, -40));
  const fresh = join(directory.path, "fresh");
  await mkdir(fresh);
  await assert.rejects(into(fresh, cut), { code: "bad-backup" });
  assert.deepEqual(await readdir(fresh), [], "nothing is left of what broke off");
  const run = ["node", "import", file, "--network", networkFile, "--data", fresh, "--json"];
  const { code, stdout } = await runWeft(run);
  assert.deepEqual([code, JSON.parse(stdout).node], [0, peer.nodeId]);
  assert.deepEqual(await readdir(fresh), ["database"]);
});

/** Some publish without a pause, one envelope after the peer. */
async function publishUntil(params: {
  stop: AbortSignal;
  took: { hash: EnvelopeHash; receipt: Receipt }[];
}): Promise<void> {
  const { stop, took } = params;
  const publisher = async (): Promise<void> => {
    while (!stop.aborted) {
      const envelope = conversation.post(crypto.randomUUID());
      const [outcome] = await node.api.publish({ envelopes: [envelope] });
      assert(outcome?.kind === "acknowledged");
      took.push({ hash: envelopeHash(envelope), receipt: outcome.receipt });
    }
  };
  await Promise.all(Array.from({ length: 4 }, publisher));
}

function assertOneHeaderPerSequence(receipts: readonly Receipt[]): void {
  const headers = new Map(receipts.map((receipt) => [batchHeaderHash(receipt.headerBytes), receipt.header]));
  const signed = new Set<string>();
  for (const { generation, firstSequence, count } of headers.values()) {
    for (let i = 0; i < count; i++) {
      const place = `${generation}/${firstSequence + BigInt(i)}`;
      assert(!signed.has(place), `sequence ${place} was signed twice`);
      signed.add(place);
    }
  }
}
