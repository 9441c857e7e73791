import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { generatePrivateKey } from "viem/accounts";
import * as nodeBackend from "../../src/crypto/nodeBackend.ts";
import { openPuzzleSearch } from "../../src/crypto/puzzleSearch.ts";
import {
  createGroup,
  type GroupId,
  groupStatus,
  type InboxId,
  listGroups,
  rotateKeys,
  sendMessage,
} from "../../src/index.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";
import { backendAnswers, backendProofs, checkProofs } from "./backendAnswers.ts";
import { openSite, type Site } from "./openSite.ts";

const opened = await openSite();
const skip = opened.kind === "missing" && opened.reason;
type Account = Parameters<typeof weftPage.open>[0];

const delivered = { kind: "delivered" };

after(async () => {
  if (opened.kind === "open") await opened[Symbol.asyncDispose]();
});

test("@noble in a browser answers as node:crypto does, and each checks what the other made", {
  skip,
}, async () => {
  const page = await theSite().newPage();
  assert.deepEqual(await page.evaluate(() => weftPage.backendAnswers()), backendAnswers(nodeBackend));
  const theirs = await page.evaluate(() => weftPage.backendProofs());
  const checked = checkProofs(nodeBackend, theirs);
  assert.deepEqual(checked, { p256: true, p256Falsified: false, ed25519: true, x25519: true });
  const ours = backendProofs(nodeBackend);
  assert.deepEqual(await page.evaluate((proofs) => weftPage.checkProofs(proofs), ours), checked);
  await page.close();
});

test("work for a ticket is done in a worker of the browser, or without one, with the same result", {
  skip,
}, async () => {
  const page = await theSite().newPage();
  const puzzles = { prefix: [...new Uint8Array(82).fill(7)], count: 4, bits: 8 };
  const search = openPuzzleSearch({ ...puzzles, prefix: Uint8Array.from(puzzles.prefix) });
  const nonces = [...(search(100_000).nonces ?? assert.fail())];
  for (const mayWork of [true, false]) {
    const found = await page.evaluate((params) => weftPage.solve(params), { ...puzzles, mayWork });
    assert.deepEqual(found, { nonces, workers: mayWork ? 1 : 0 });
  }
  await page.close();
});

test("a group lives across a browser and Node, across a reload and a restart", { skip }, async () => {
  await using network = await startTestNetwork({ nodes: 2 });
  const privateKey = generatePrivateKey();
  const account = { name: "alice", privateKey, online: true, ...reachOf(network) };
  let page = await theSite().newPage();
  const alice = await page.evaluate((params) => weftPage.open(params), account);
  assert.ok(alice.kind === "open", JSON.stringify(alice));
  await using bob = await openTestClient({ network, name: "bob" });

  const made = await page.evaluate((params) => weftPage.create(params), {
    name: "Plans",
    members: [bob.client.inbox],
  });
  assert.deepEqual(made.outcome, delivered);
  const { group } = made;
  await memberOf(bob, group);
  await Promise.all([say({ group, page, bob, rounds: ["first", "second"] }), assertLocked(account)]);
  const before = await agree({ group, page, bob });
  assert.equal(before.texts.length, 4);
  assert.deepEqual(await page.evaluate(() => weftPage.durabilities()), ["strict"]);

  await reloadWithUnsent({ group, page, bob, account, before });
  await say({ group, page, bob, rounds: ["third"] });

  assert.deepEqual(await page.evaluate((params) => weftPage.rotate(params), { group }), delivered);
  await say({ group, page, bob, rounds: ["fourth"] });
  const rotation = await rotateKeys({ client: bob.client, group });
  assert.deepEqual(await rotation.settled, delivered);
  await say({ group, page, bob, rounds: ["fifth"] });
  const end = await agree({ group, page, bob });
  assert.equal(end.epoch, before.epoch + 2);
  assert.equal(end.texts.length, 11);

  await theSite().restart();
  page = await theSite().newPage();
  assert.deepEqual(await page.evaluate((params) => weftPage.open(params), account), alice);
  assert.deepEqual(await read(page, group), end);
  await say({ group, page, bob, rounds: ["sixth"] });

  const invitation = await invite({ page, bob, inbox: alice.inbox });
  await say({ group: invitation, page, bob, rounds: ["welcome"] });
  await page.evaluate(() => weftPage.close());
});

function theSite(): Site {
  assert.ok(opened.kind === "open");
  return opened.site;
}

function reachOf(network: TestNetwork) {
  return { nodes: network.nodes.map(({ url }) => url), network: network.chain.network };
}

/** The page goes while its client has something to send: what was written is there again, and goes out. */
async function reloadWithUnsent(params: {
  group: GroupId;
  page: Page;
  bob: TestClient;
  account: Account;
  before: Awaited<ReturnType<typeof read>>;
}): Promise<void> {
  const { group, page, bob, account, before } = params;
  const text = "written at the last moment";
  await page.evaluate((unsent) => weftPage.leaveUnsent(unsent), { group, text });
  await page.reload();
  const again = await page.evaluate((offline) => weftPage.open({ ...offline, online: false }), account);
  assert.equal(again.kind, "open");
  const kept = await read(page, group);
  assert.deepEqual(kept.texts.slice(0, before.texts.length), before.texts, "the history, without a network");
  await page.evaluate(() => weftPage.goOnline());
  await until(text, async () => (await texts(bob, group)).includes(text));
}

/** Bob's Welcome is opened in the browser. */
async function invite(params: { page: Page; bob: TestClient; inbox: InboxId }): Promise<GroupId> {
  const { page, bob, inbox } = params;
  const { group, intent } = await createGroup({
    client: bob.client,
    name: "Other plans",
    members: [inbox],
  });
  assert.deepEqual(await intent.acknowledged, delivered);
  await until("the invitation in the browser", async () =>
    (await page.evaluate(() => weftPage.groups())).some((one) => one.group === group),
  );
  return group;
}

/** Two that seal with the same ratchet would use its keys twice. */
async function assertLocked(account: Account): Promise<void> {
  const second = await theSite().newPage();
  const refused = await second.evaluate((params) => weftPage.open(params), account);
  assert.ok(refused.kind === "failed");
  assert.equal(refused.code, "storage");
  assert.match(refused.message, /in use/);
  await second.close();
}

async function memberOf({ client }: TestClient, group: GroupId): Promise<void> {
  await until("a member", () =>
    listGroups({ client }).some((one) => one.group === group && one.membership === "member"),
  );
}

/** Each says something, and each waits until it has what the other said. */
async function say(params: {
  group: GroupId;
  page: Page;
  bob: TestClient;
  rounds: readonly string[];
}): Promise<void> {
  const { group, page, bob, rounds } = params;
  for (const round of rounds) {
    const text = `${round}, from a browser`;
    assert.deepEqual(await page.evaluate((sent) => weftPage.send(sent), { group, text }), delivered);
    await until(text, async () => (await texts(bob, group)).includes(text));
    const answer = `${round}, from Node`;
    const { settled } = await sendMessage({ client: bob.client, group, text: answer });
    assert.deepEqual(await settled, delivered);
    await until(answer, async () => (await read(page, group)).texts.includes(answer));
  }
}

function read(page: Page, group: GroupId) {
  return page.evaluate((params) => weftPage.read(params), { group });
}

/** What both show, once they are at one head. */
async function agree(params: { group: GroupId; page: Page; bob: TestClient }) {
  const { group, page, bob } = params;
  const status = () => groupStatus({ client: bob.client, group });
  await until("one head", async () => (await read(page, group)).head === (await status()).head);
  const [theirs, ours] = await Promise.all([read(page, group), status()]);
  assert.equal(ours.epoch, theirs.epoch);
  const shared = theirs.digests.filter(([epoch]) => epoch >= ours.joinedEpoch);
  assert.deepEqual([...ours.digests], shared);
  assert.deepEqual(theirs.texts, await texts(bob, group));
  return theirs;
}
