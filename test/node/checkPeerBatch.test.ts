import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "#crypto";
import { openByteBudget } from "../../src/mesh/byteBudget.ts";
import { openAdmission } from "../../src/node/admitEnvelope.ts";
import { checkPeerBatch } from "../../src/node/checkPeerBatch.ts";
import { applyChainPage } from "../../src/store/node/applyChainPage.ts";
import { openChainIndex } from "../../src/store/node/chainIndex.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { asId, type NodeId, toHex } from "../../src/wire/ids.ts";
import { groupTopic } from "../../src/wire/topic.ts";
import { openTestStore } from "../support/openTestStore.ts";
import { testPoster } from "../support/startTestConversation.ts";
import { testAuthority, testEntry, testGroup } from "../support/testGroup.ts";
import { testNetwork as network } from "../support/testNetwork.ts";
import { testOriginator } from "../support/testOriginator.ts";

const KIND_OF_A_NEWER_VERSION = 9;

test("a peer's envelopes are looked into by samples, and all of those of a node that was caught", async () => {
  await using opened = await openTestStore();
  const { store } = opened;
  const index = await openChainIndex({ database: store.database });
  const admission = openAdmission({ network, index, store });
  const { group, genesis } = testGroup();
  const { append, id, authority } = testEntry({ network, group, parent: group, signer: genesis });
  const block = { number: 3, hash: toHex(new Uint8Array(32).fill(3)), time: 1000 };
  const { parent, payload } = append;
  const entry = {
    kind: "entry",
    group,
    id,
    parent,
    index: 0,
    authority: authority.address,
    payload,
  } as const;
  const page = { to: block, finalBlock: 0, blocks: [block], records: [{ ...entry, block, logIndex: 0 }] };
  await applyChainPage({ index, page });

  const post = testPoster({ network, group, head: id, authority });
  const stranger = testPoster({ network, group, head: id, authority: testAuthority() });
  const ahead = testPoster({ network, group, head: asId(randomBytes(32)), authority: testAuthority() });
  const newer = { topic: new Uint8Array(33).fill(KIND_OF_A_NEWER_VERSION), payload: randomBytes(9) };
  const junk = { topic: groupTopic(group), payload: randomBytes(99) };
  const caught = new Set<NodeId>();
  const originator = testOriginator("peer");
  const unknownHeads = openByteBudget({ perMinute: 3 });
  const check = (envelopes: readonly Envelope[], sample: number, header = {}) =>
    checkPeerBatch({ admission, batch: originator.next(envelopes, header), caught, sample, unknownHeads });

  assert.equal(await check([post("a"), ahead("not indexed yet"), newer, post("b")], 1), "good");
  assert.equal(await check([post("a"), stranger("b"), junk], 0), "good", "nothing was looked into");
  assert.equal(caught.size, 0);
  // Beyond the anchor a reorganization explains some unknown heads, before it any number.
  for (let i = 0; i < 9; i++) assert.equal(await check([ahead(`${i}`)], 1), "good");
  const past = { anchorBlock: block.number };
  for (let i = 0; i < 3; i++) assert.equal(await check([ahead(`${i}`)], 1, past), "good");
  assert.equal(await check([post("a"), ahead("3")], 1, past), "bad-envelope");
  assert.equal(await check([post("a")], 1, past), "good");
  assert.equal(caught.size, 0);
  const keyPackage = { topic: new Uint8Array(33).fill(7).with(0, 2), payload: randomBytes(99) };
  assert.equal(await check([post("a"), keyPackage], 0), "bad-envelope", "all key packages are looked into");
  assert.ok(caught.delete(originator.log.node));
  assert.equal(await check([post("a"), stranger("b")], 1), "bad-envelope");
  assert.deepEqual([...caught], [originator.log.node]);
  assert.equal(
    await check([post("a"), junk], 0),
    "bad-envelope",
    "a node that was caught is not sampled any more",
  );
  assert.equal(await check([post("a")], 0), "good");
});
