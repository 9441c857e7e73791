import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { formatDeployment } from "../../src/chain/deploy/deployment.ts";
import { openDevnetNode } from "../../src/devnet/devnetNode.ts";
import { connectNode } from "../../src/rpc/connectNode.ts";
import { batchHeaderHash } from "../../src/wire/batchHeader.ts";
import { envelopeHash } from "../../src/wire/envelope.ts";
import type { EnvelopeHash } from "../../src/wire/ids.ts";
import type { Receipt } from "../../src/wire/receipt.ts";
import { startTestChain } from "../support/startTestChain.ts";
import { startTestConversation, type TestConversation } from "../support/startTestConversation.ts";
import { startTestNode } from "../support/startTestNode.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { until } from "../support/until.ts";

const ROUNDS = 2;
const PUBLISHERS = 8;
const ACKNOWLEDGED_BEFORE_THE_KILL = 60;

test("a node process killed while it takes messages keeps all that it acknowledged and signs no sequence twice", async () => {
  await using chain = await startTestChain();
  await using directory = await temporaryDirectory();
  await using peer = await startTestNode({ chain, account: 2 });
  const networkFile = join(directory.path, "network.json");
  await writeFile(networkFile, formatDeployment(chain.network));
  const operatorKey = chain.accounts[1]?.privateKey;
  assert(operatorKey !== undefined);
  const killed = await openDevnetNode({
    number: 1,
    directory: directory.path,
    networkFile,
    rpcUrl: chain.rpcUrl,
    operatorKey,
    signal: AbortSignal.timeout(120_000),
  });
  const { url } = killed.addresses;
  const conversation = await startTestConversation({ network: chain.network, api: peer.api });
  const receipts: Receipt[] = [];
  const acknowledged: EnvelopeHash[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const took = await publishUntilGone({
      url,
      conversation,
      kill: () => killed.stop("kill"),
    });
    receipts.push(...took.map(({ receipt }) => receipt));
    acknowledged.push(...took.map(({ hash }) => hash));
    await killed.start();
    await using api = connectNode({ url });
    const stored = await api.hasEnvelopes({ hashes: acknowledged });
    assert(stored.every(Boolean), `${stored.filter((kept) => !kept).length} of ${stored.length} lost`);
    await until("the peer to hold all", async () => {
      const spread = await peer.api.hasEnvelopes({ hashes: acknowledged });
      return spread.every(Boolean);
    });
  }
  assert(acknowledged.length >= ROUNDS * ACKNOWLEDGED_BEFORE_THE_KILL);
  assertOneHeaderPerSequence(receipts);
  await killed.stop("term");
});

/** Several publishers at once; the node is killed once enough is acknowledged, and all end with what they have. */
async function publishUntilGone(params: {
  url: string;
  conversation: TestConversation;
  kill: () => Promise<void>;
}): Promise<{ hash: EnvelopeHash; receipt: Receipt }[]> {
  const { url, conversation, kill } = params;
  const took: { hash: EnvelopeHash; receipt: Receipt }[] = [];
  let killing: Promise<void> | undefined;
  const publisher = async (): Promise<void> => {
    await using api = connectNode({ url });
    for (;;) {
      const envelope = conversation.post(crypto.randomUUID());
      const outcomes = await api.publish({ envelopes: [envelope] }).catch(() => undefined);
      if (outcomes === undefined) return;
      const [outcome] = outcomes;
      if (outcome?.kind === "acknowledged")
        took.push({ hash: envelopeHash(envelope), receipt: outcome.receipt });
      if (took.length >= ACKNOWLEDGED_BEFORE_THE_KILL) killing ??= kill();
    }
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
  await killing;
  return took;
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
