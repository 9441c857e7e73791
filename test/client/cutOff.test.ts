import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { coreOf, groupOf } from "../../src/client/client.ts";
import { chainPosition } from "../../src/client/entries/chainPosition.ts";
import {
  addMembers,
  groupStatus,
  listIntents,
  listMembers,
  listMessages,
  preferNode,
  renameGroup,
  sendMessage,
  setOnline,
  stream,
} from "../../src/index.ts";
import { WEFT_GROUP_CONTEXT } from "../../src/mls/limits.ts";
import type { FreshPath } from "../../src/mls/path/createPath.ts";
import type { UpdatePath } from "../../src/mls/path/updatePath.ts";
import { viewOf } from "../../src/reconciler/branch/epochView.ts";
import { contextAfterRemove } from "../../src/reconciler/policy/nextContext.ts";
import type { HeadId } from "../../src/reconciler/records/records.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import { serveRpc } from "../../src/rpc/serveRpc.ts";
import type { Entry } from "../../src/wire/chainEntry.ts";
import { writeGroupContext } from "../../src/wire/groupContext.ts";
import { asAddress, type EntryId, type GroupId } from "../../src/wire/ids.ts";
import { forgeCommit } from "../mls/support/forgeCommit.ts";
import { asEntry, hostileMember } from "../support/hostileMember.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember, openTestGroup } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { takeAgreed } from "../support/takeAgreed.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";
import { wideLimits } from "../support/wideLimits.ts";

const delivered = { kind: "delivered" };

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

/** Alice founded it; mallory's client is silent, and writes to the chain what it likes. */
async function openTown() {
  const opened = await openTestGroup({ network, names: ["alice", "bob", "carol", "mallory"] });
  const { group, members } = opened;
  const [alice, bob, carol, mallory] = members;
  const [node] = network.nodes;
  assert.ok(alice && bob && carol && mallory && node);
  const hostile = await hostileMember({ member: mallory, group, api: node.api });
  const honest = [alice, bob, carol];
  return {
    group,
    alice,
    bob,
    carol,
    honest,
    hostile,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function untilAllFollow(members: readonly TestClient[], group: GroupId, epoch: number): Promise<void> {
  await until(`all in epoch ${epoch}`, async () => {
    const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
    return states.every((state) => state.membership === "member" && state.epoch === epoch);
  });
  const states = await Promise.all(members.map(({ client }) => groupStatus({ client, group })));
  assert.equal(new Set(states.map(({ head }) => head)).size, 1);
}

function verdictOf({ client }: TestClient, group: GroupId, entry: EntryId) {
  return coreOf(client).groups.get(group)?.view.entries.get(entry)?.verdict;
}

async function untilVoid(members: readonly TestClient[], group: GroupId, entry: EntryId, reason: string) {
  for (const member of members) {
    await until("the entry is void", () => verdictOf(member, group, entry)?.kind === "void");
    const verdict = verdictOf(member, group, entry);
    assert.ok(verdict?.kind === "void");
    assert.equal(verdict.reason, reason);
  }
}

/** What these recipients beside a step of the path get does not open. */
function spoilFor(step: number, recipients: readonly number[]) {
  return (path: UpdatePath): UpdatePath => ({
    ...path,
    nodes: path.nodes.map((node, i) => ({
      ...node,
      sealedSecrets: node.sealedSecrets.map((sealed, j) =>
        i === step && recipients.includes(j)
          ? { ...sealed, ciphertext: randomBytes(sealed.ciphertext.length) }
          : sealed,
      ),
    })),
  });
}

function wrongSecrets(fresh: FreshPath): FreshPath {
  const pathSecrets = fresh.derived.pathSecrets.map(() => randomBytes(32));
  return { ...fresh, derived: { ...fresh.derived, pathSecrets } };
}

test("whom a bad commit cuts off is removed and added again by a member, keeps its role and sees what it missed", async () => {
  await using town = await openTown();
  const { group, alice, bob, honest, hostile } = town;
  const first = await sendMessage({ client: bob.client, group, text: "before" });
  assert.deepEqual(await first.settled, delivered);
  await until("alice read it", async () => (await texts(alice, group)).length === 1);
  const { epoch } = await groupStatus({ client: alice.client, group });
  const changePath = spoilFor(1, [0]);
  const entry = await hostile.land(asEntry(forgeCommit({ seat: hostile.seat, withPath: true, changePath })));
  await untilAllFollow(honest, group, epoch + 3);
  assert.equal(verdictOf(bob, group, entry)?.kind, "adopted");
  const { joinedEpoch } = await groupStatus({ client: alice.client, group });
  assert.equal(joinedEpoch, epoch + 3);
  const [self] = (await listMembers({ client: bob.client, group })).filter(
    ({ inbox }) => inbox === alice.client.inbox,
  );
  assert.equal(self?.role, "super-admin");
  const items = await listMessages({ client: alice.client, group });
  const missed = items.find(({ kind }) => kind === "missed");
  assert.ok(missed?.kind === "missed" && missed.entry === entry);
  assert.deepEqual([missed.epoch, missed.until], [epoch + 1, epoch + 3]);
  assert.deepEqual(await texts(alice, group), ["before"]);
  const back = await sendMessage({ client: alice.client, group, text: "back" });
  assert.deepEqual(await back.settled, delivered);
  await until("bob read it", async () => (await texts(bob, group)).includes("back"));
});

test("a commit whose tag is false for all is voided by evidence, and the group goes on from its parent", async () => {
  await using town = await openTown();
  const { group, alice, honest, hostile } = town;
  const { epoch } = await groupStatus({ client: alice.client, group });
  const forged = forgeCommit({ seat: hostile.seat, withPath: true, spoil: "confirmation-tag" });
  const entry = await hostile.land(asEntry(forged));
  await untilVoid(honest, group, entry, "contradicts-tag");
  await untilAllFollow(honest, group, epoch);
  const renamed = await renameGroup({ client: alice.client, group, name: "goes on" });
  assert.deepEqual(await renamed.settled, delivered);
  await untilAllFollow(honest, group, epoch + 1);
});

test("whom a void commit took out stays out: the next one repeats it, and nothing is sealed meanwhile", async () => {
  await using opened = await openTestGroup({ network, names: ["alice", "bob", "carol", "dave"] });
  const { group, members } = opened;
  const [alice, bob, ...others] = members;
  const [node] = network.nodes;
  assert.ok(alice && bob && node);
  const { seat, land } = await hostileMember({ member: alice, group, api: node.api });
  const { context, members: leaves } = viewOf(seat.state);
  const target = leaves.find(({ inbox }) => inbox === bob.client.inbox);
  assert.ok(target);
  const content = writeGroupContext(
    contextAfterRemove({ drawBytes: randomBytes, context, gone: new Set([target.inbox]) }),
  );
  const proposals = [
    { kind: "remove", leafIndex: target.leafIndex },
    { kind: "group-context-extensions", extensions: [{ type: WEFT_GROUP_CONTEXT, content }] },
  ] as const;
  const entry = await land(
    asEntry(forgeCommit({ seat, proposals, withPath: true, spoil: "confirmation-tag" })),
  );
  const [carol, dave] = others;
  assert.ok(carol && dave);
  await untilVoid(others, group, entry, "contradicts-tag");
  const said = await sendMessage({ client: carol.client, group, text: "not for bob" });
  assert.deepEqual(await said.settled, delivered);
  await until("bob is out", () => !isMember(bob, group));
  for (const member of others) {
    const { members: left } = await groupStatus({ client: member.client, group });
    assert.ok(!left.includes(bob.client.inbox), "a plain member has repeated it");
  }
  await until("dave reads it", async () => (await texts(dave, group)).includes("not for bob"));
  assert.ok(!(await texts(bob, group)).includes("not for bob"));
  const { kind } = await (await sendMessage({ client: bob.client, group, text: "still here?" })).settled;
  assert.equal(kind, "failed");
});

test("a commit that gives another authority than its entry names is voided by evidence", async () => {
  await using town = await openTown();
  const { group, honest, hostile } = town;
  const { commit } = forgeCommit({ seat: hostile.seat, withPath: true });
  const entry = await hostile.land({
    instruction: { case: "commit", value: commit },
    authority: asAddress(randomBytes(20)),
  });
  await untilVoid(honest, group, entry, "contradicts-authority");
});

test("a commit whose secrets are wrong for all is voided by the requests of more than half", async () => {
  await using town = await openTown();
  const { group, alice, honest, hostile } = town;
  const forged = forgeCommit({ seat: hostile.seat, withPath: true, changeFresh: wrongSecrets });
  const { epoch } = await groupStatus({ client: alice.client, group });
  const entry = await hostile.land(asEntry(forged));
  await untilVoid(honest, group, entry, "majority-cut-off");
  const renamed = await renameGroup({ client: alice.client, group, name: "goes on" });
  assert.deepEqual(await renamed.settled, delivered);
  await untilAllFollow(honest, group, epoch + 1);
});

test("who adopted what is void goes back, whatever arrives when and whatever a reorganization takes", async () => {
  await using town = await openTown();
  const { group, alice, bob, carol, hostile } = town;
  const [node] = network.nodes;
  assert.ok(node);
  await setOnline({ client: carol.client, online: false });
  const changePath = spoilFor(1, [0, 1]);
  const entry = await hostile.land(asEntry(forgeCommit({ seat: hostile.seat, withPath: true, changePath })));
  await hostile.land({ instruction: { case: "control", value: { kind: "request", entry } } });
  await untilVoid([alice, bob], group, entry, "majority-cut-off");
  const renamed = await renameGroup({ client: alice.client, group, name: "goes on" });
  assert.deepEqual(await renamed.settled, delivered);
  const { epoch: goesOn } = await groupStatus({ client: alice.client, group });
  const { entries } = await node.api.fetchEntries({ group, recent: [] });
  const known = coreOf(carol.client).groups.get(group)?.view.entries.size ?? 0;
  const seen = new Map<number, string>();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: known, max: entries.length })), async (lengths) => {
      for (const length of [...lengths, entries.length]) {
        await readChain({ reader: carol, group, chain: entries.slice(0, length), api: node.api });
        const { head: at, membership } = await groupStatus({ client: carol.client, group });
        const state = `${at} ${membership} ${verdictOf(carol, group, entry)?.kind}`;
        assert.equal(seen.get(length) ?? state, state, "what counts follows from the chain alone");
        seen.set(length, state);
      }
    }),
    { numRuns: 12 },
  );
  // Somebody may have taken the hostile member's leaf out meanwhile: then the node has one entry more.
  const { epochs } = await groupStatus({ client: alice.client, group });
  const heads = epochs.filter((one) => one.epoch >= goesOn).map((one) => one.entry);
  assert.ok(heads.some((head) => seen.get(entries.length) === `${head} member void`));
  assert.ok([...seen.values()].includes(`${entry} member adopted`), "carol followed it at first");
  await setOnline({ client: carol.client, online: true });
  const said = await sendMessage({ client: carol.client, group, text: "here" });
  assert.deepEqual(await said.settled, delivered);
});

test("evidence that shows nothing and a request about nothing change nothing", async () => {
  await using town = await openTown();
  const { group, alice, honest, hostile } = town;
  const { epoch } = await groupStatus({ client: alice.client, group });
  const rename = await renameGroup({ client: alice.client, group, name: "honest" });
  assert.deepEqual(await rename.settled, delivered);
  const { head } = await groupStatus({ client: alice.client, group });
  const entry = head as EntryId;
  const made = { kind: "evidence", entry, pathSecret: randomBytes(32), stepIndex: 0 } as const;
  const about = { kind: "request", entry: hostile.head } as const;
  const ids = [
    await hostile.land({ instruction: { case: "control", value: made } }),
    await hostile.land({ instruction: { case: "control", value: about } }),
  ];
  const reposted = asEntry(forgeCommit({ seat: hostile.seat, withPath: true }));
  ids.push(await hostile.land({ ...reposted, postedAs: asAddress(randomBytes(20)) }));
  for (const member of honest) {
    await until("the last of them", () => verdictOf(member, group, ids[2] ?? entry) !== undefined);
    const reasons = ids.map((id) => verdictOf(member, group, id));
    assert.deepEqual(reasons, [
      { kind: "refused", reason: "proves-nothing" },
      { kind: "refused", reason: "unknown-entry" },
      { kind: "dead" },
    ]);
  }
  await untilAllFollow(honest, group, epoch + 1);
});

test("a commit reposted under another authority is refused, and its author's later one is followed", async () => {
  await using town = await openTown();
  const { group, alice, honest, hostile } = town;
  const { epoch } = await groupStatus({ client: alice.client, group });
  const made = asEntry(forgeCommit({ seat: hostile.seat, withPath: true }));
  const reposted = await hostile.land({ ...made, postedAs: asAddress(randomBytes(20)) });
  const entry = await hostile.land(made);
  await untilAllFollow(honest, group, epoch + 1);
  for (const member of honest) {
    assert.deepEqual(verdictOf(member, group, reposted), { kind: "refused", reason: "other-authority" });
    assert.equal(verdictOf(member, group, entry)?.kind, "adopted");
  }
});

test("who asks without need is removed and added again, and nothing else happens", async () => {
  await using town = await openTown();
  const { group, alice, honest, hostile } = town;
  const { epoch } = await groupStatus({ client: alice.client, group });
  const rename = await renameGroup({ client: alice.client, group, name: "honest" });
  assert.deepEqual(await rename.settled, delivered);
  const { head } = await groupStatus({ client: alice.client, group });
  await hostile.land({
    instruction: { case: "control", value: { kind: "request", entry: head as EntryId } },
  });
  await untilAllFollow(honest, group, epoch + 3);
  assert.equal((await listMembers({ client: alice.client, group })).length, 4);
  assert.equal(verdictOf(alice, group, head as EntryId)?.kind, "adopted");
});

test("junk without end as children of the head stops nobody: under a flood a commit lands behind any number", async () => {
  await using town = await openTown();
  const { group, alice, honest, hostile } = town;
  const { epoch, head } = await groupStatus({ client: alice.client, group });
  const stop = new AbortController();
  const flood = (async () => {
    while (!stop.signal.aborted) await Promise.all([1, 2, 3].map(() => hostile.landJunk()));
  })();
  await until("junk at alice's", () => (childrenOf(alice, group, head) ?? 0) > 3);
  const renamed = await renameGroup({ client: alice.client, group, name: "through the flood" });
  assert.deepEqual(await renamed.settled, delivered);
  stop.abort();
  await flood;
  await untilAllFollow(honest, group, epoch + 1);
  const [summary] = (await listIntents({ client: alice.client })).slice(-1);
  assert.ok(summary?.action === "rename" && summary.rebased === 0, "one payload, signed anew");
});

test("a node that leaves out entries is noticed and left, and what it hid is read elsewhere", async () => {
  const [first, second] = network.nodes;
  assert.ok(first && second);
  const hides = { isOn: false };
  await using proxy = await serveRpc({
    handlers: withholding(first.api, hides),
    ...{ host: "127.0.0.1", port: 0, limits: wideLimits, pages: async () => undefined, onFault: () => {} },
  });
  await using opened = await openTestGroup({ network, names: ["alice"] });
  const { group, members } = opened;
  const [alice] = members;
  assert.ok(alice);
  const nodes = [{ url: proxy.url }, { url: second.url }];
  await using bob = await openTestClient({ network: { ...network, nodes }, name: "bob" });
  const place = { client: alice.client, group };
  assert.deepEqual(await (await addMembers({ ...place, members: [bob.client.inbox] })).settled, delivered);
  await until("bob in the group", () => isMember(bob, group));
  await preferNode({ client: bob.client, group, node: first.nodeId });
  const servedBy = async () => (await groupStatus({ client: bob.client, group })).node;
  await until("bob reads by the first node", async () => (await servedBy()) === first.nodeId);
  hides.isOn = true;
  assert.deepEqual(await (await renameGroup({ ...place, name: "hidden" })).settled, delivered);
  const signal = AbortSignal.timeout(20_000);
  const events = stream({ client: bob.client, group, signal });
  const withheld = firstOf(events, ({ kind }) => kind === "withheld");
  await setOnline({ client: bob.client, online: false });
  await setOnline({ client: bob.client, online: true });
  assert.deepEqual(await withheld, { kind: "withheld", what: "entries", group, node: first.nodeId });
  await until("the name at bob's", async () => {
    return (await groupStatus({ client: bob.client, group })).name === "hidden";
  });
  assert.equal(await servedBy(), second.nodeId);
});

/** Lets an offline client read what a node would serve it of a chain that consists of these entries. */
async function readChain(params: {
  reader: TestClient;
  group: GroupId;
  chain: readonly Entry[];
  api: NodeApi;
}): Promise<void> {
  const { reader, group: id, chain, api } = params;
  const core = coreOf(reader.client);
  const group = groupOf(core, id);
  const signal = AbortSignal.timeout(20_000);
  const cursors = chain.map(({ block, logIndex }) => ({
    ...{ block: block.number, blockHash: block.hash, logIndex },
  }));
  const fetchEntries: NodeApi["fetchEntries"] = async ({ recent }) => {
    const from = recent.find((one) => cursors.some((cursor) => isDeepStrictEqual(cursor, one)));
    const at = cursors.findIndex((cursor) => isDeepStrictEqual(cursor, from));
    return { from, entries: chain.slice(at + 1), more: false, head: undefined };
  };
  await takeAgreed({
    ...{ core, group, reading: { inboxes: new Map() }, signal, api: { ...api, fetchEntries } },
    page: await fetchEntries(await chainPosition(core, id)),
  });
}

function childrenOf({ client }: TestClient, group: GroupId, head: HeadId): number | undefined {
  return coreOf(client).groups.get(group)?.view.childCounts.get(head);
}

/** What a node does that says nothing of new entries. */
function withholding(api: NodeApi, hides: { isOn: boolean }): NodeApi {
  return {
    ...api,
    followChain: async function* (params, call) {
      for await (const event of api.followChain(params, call)) {
        if (hides.isOn && event.kind === "entries") continue;
        yield event;
      }
    },
  };
}

async function firstOf<T>(items: AsyncIterable<T>, matches: (item: T) => boolean): Promise<T | undefined> {
  for await (const item of items) if (matches(item)) return item;
  return undefined;
}
