import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { WeftError } from "../../src/errors.ts";
import {
  addMembers,
  groupStatus,
  leaveGroup,
  listIntents,
  listMembers,
  removeMembers,
  renameGroup,
  rotateKeys,
  setOnline,
  setRole,
  syncStatus,
} from "../../src/index.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import type { Append } from "../../src/wire/append.ts";
import type { Entry, EntryPage } from "../../src/wire/chainEntry.ts";
import { entryId } from "../../src/wire/entry.ts";
import type { EntryId } from "../../src/wire/ids.ts";
import { entryWord } from "../../src/wire/words.ts";
import { forgeCommit } from "../mls/support/forgeCommit.ts";
import { changesSince, numberNow } from "../support/changesSince.ts";
import { asEntry, hostileMember } from "../support/hostileMember.ts";
import { changePages, headOf, openServed, type Served, servedBy } from "../support/openServed.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { say } from "../support/say.ts";
import type { Lies, LyingNode } from "../support/startLyingNode.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { startTestNode } from "../support/startTestNode.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" };
/** Answers nothing about the chain's words. */
const mute: Lies = () => ({
  readWords: () => Promise.reject(new WeftError({ code: "node-unreachable", message: "no answer" })),
});

let network: TestNetwork;

before(async () => {
  network = await startTestNetwork({ nodes: 3, blockMs: 100 });
});
after(async () => {
  await network[Symbol.asyncDispose]();
});

async function offline({ bob }: Served): Promise<void> {
  await setOnline({ client: bob.client, online: false });
}

async function online({ bob }: Served): Promise<void> {
  await setOnline({ client: bob.client, online: true });
}

/** Bob stands where alice does, by way of a node that tells what is on the chain. */
async function untilTogether(served: Served): Promise<void> {
  const { alice, bob, group } = served;
  await until("bob at alice's head", async () => (await headOf(bob, group)) === (await headOf(alice, group)));
}

function partsOf({ nodes }: Served): { first: LyingNode; others: readonly LyingNode[] } {
  const [first, ...others] = nodes;
  assert.ok(first);
  return { first, others };
}

async function rename({ alice, group }: Served, name: string): Promise<void> {
  assert.deepEqual(await (await renameGroup({ client: alice.client, group, name })).settled, delivered);
}

function liesOf({ heard }: Served) {
  return heard.filter((event) => event.kind === "lied");
}

test("siblings in each other's place, told to one client only: it stands where the others do", async () => {
  await using served = await openServed({ network });
  const { group, alice, bob, carol } = served;
  const { first } = partsOf(served);
  let swaps = 0;
  const swap = (page: EntryPage): EntryPage => {
    const entries = [...page.entries];
    for (const [a, b] of Map.groupBy(page.entries, ({ parent }) => parent).values()) {
      if (!a || !b) continue;
      swaps++;
      entries[page.entries.indexOf(a)] = { ...b, ...placeOf(a) };
      entries[page.entries.indexOf(b)] = { ...a, ...placeOf(b) };
    }
    return { ...page, entries };
  };
  await offline(served);
  const left = await leaveGroup({ client: carol.client, group });
  assert.deepEqual(await left.settled, delivered);
  await until("carol out", async () => (await listMembers({ client: alice.client, group })).length === 2);
  first.lie((api) => changePages(api, swap));
  await online(served);
  await untilTogether(served);
  assert.ok(swaps > 0);
  assert.equal((await groupStatus({ client: bob.client, group })).membership, "member");
  assert.notEqual(await servedBy(bob, group), first.nodeId);
  const [lie] = liesOf(served);
  assert.ok(lie?.isDecided && lie.node === first.nodeId);
});

function placeOf({ index, block, logIndex }: Entry) {
  return { index, block, logIndex };
}

/** What a member makes for the chain's place of alice's next commit, and keeps from the chain. */
async function invent({ group, carol, alice }: Served, api: NodeApi) {
  let made: Append | undefined;
  const keep: NodeApi = {
    ...api,
    relayAppend: async (append) => {
      made = append;
      return { kind: "submitted", transaction: "0x" };
    },
    getEntry: async (params) => ({ ...(await api.getEntry(params)), known: true }),
  };
  const hostile = await hostileMember({ member: carol, group, api: keep });
  const id = await hostile.land(asEntry(forgeCommit({ seat: hostile.seat, withPath: true })));
  const removal = await removeMembers({ client: alice.client, group, members: [carol.client.inbox] });
  assert.deepEqual(await removal.settled, delivered);
  const { block } = await api.getEntry({ group, id: (await headOf(alice, group)) as EntryId });
  assert.ok(made && entryId(made) === id);
  const { authority, payload, parent } = made;
  const change = (page: EntryPage): EntryPage => ({
    ...page,
    entries: page.entries.flatMap((entry) => {
      if (entry.group !== group) return [entry];
      if (entry.parent !== parent) return entry.block.number > block ? [] : [entry];
      return entry.index === 0 ? [{ ...entry, id, authority, payload }] : [];
    }),
  });
  return { id, change, word: entryWord({ authority, block, index: 0, children: 0 }) };
}

test("a commit that is on no chain is never followed", async () => {
  await using served = await openServed({ network });
  const { bob, group } = served;
  const { first } = partsOf(served);
  await offline(served);
  const { id, change } = await invent(served, first.api);
  first.lie((api) => ({
    ...changePages(api, change),
    getEntry: async (params, call) => {
      const state = await api.getEntry(params, call);
      return params.id === id ? { ...state, known: true, children: 0 } : state;
    },
  }));
  await online(served);
  await untilTogether(served);
  assert.ok(!served.handle.view.entries.has(id));
  assert.notEqual(await servedBy(bob, group), first.nodeId);
  assert.ok(liesOf(served).some(({ node }) => node === first.nodeId));
});

test("a node that invents a reorganization is left, and nothing is dropped", async () => {
  await using served = await openServed({ network });
  const { bob, group } = served;
  const { first } = partsOf(served);
  await rename(served, "before");
  await untilTogether(served);
  const since = numberNow(bob.client);
  const { epoch, head } = await groupStatus({ client: bob.client, group });
  const hidden = served.handle.view.entries.get(head);
  assert.ok(hidden);
  const to = { ...hidden.block, number: hidden.block.number - 1 };
  let isTold = false;
  first.lie((api) => ({
    ...changePages(
      api,
      (page) => page,
      (event) => {
        if (event.kind !== "head" || isTold) return [event];
        isTold = true;
        return [{ kind: "rollback", to }, event];
      },
    ),
    fetchEntries: async (params, call) => {
      const { entries, ...page } = await api.fetchEntries({ ...params, recent: [] }, call);
      return { ...page, entries: entries.filter(({ id }) => id !== head) };
    },
  }));
  await offline(served);
  await online(served);
  await until("the node is left", async () => liesOf(served).some(({ node }) => node === first.nodeId));
  await untilTogether(served);
  assert.ok(isTold);
  assert.equal(served.handle.view.entries.get(head), hidden);
  assert.equal((await groupStatus({ client: bob.client, group })).epoch, epoch);
  const told = await changesSince({ client: bob.client, since });
  assert.ok(told.every(({ kind }) => kind !== "hidden" && kind !== "entry-gone"));
});

test("a node that stands still at an old head is left", async () => {
  await using served = await openServed({ network });
  const { bob, group } = served;
  const { first } = partsOf(served);
  const old = (await first.api.getNode({})).head;
  assert.ok(old);
  first.lie((api) => ({
    followChain: async function* (params, call) {
      for await (const event of api.followChain(params, call)) {
        if (event.kind === "head") yield { ...event, head: old };
        else if (event.kind !== "entries") yield event;
      }
    },
    fetchEntries: async (params, call) => {
      const page = await api.fetchEntries(params, call);
      return { ...page, entries: page.entries.filter(({ block }) => block.number <= old.number), head: old };
    },
  }));
  await offline(served);
  await rename(served, "hidden by an old head");
  await network.chain.mine(30);
  const isThere = async ({ api }: LyingNode) =>
    ((await api.getNode({})).head?.number ?? 0) >= old.number + 30;
  for (const node of served.nodes) await until("the blocks at the nodes", () => isThere(node));
  await online(served);
  await untilTogether(served);
  assert.notEqual(await servedBy(bob, group), first.nodeId);
});

for (const [what, ahead] of [
  ["lags behind", -1],
  ["follows a fork that a reorganization takes", 3],
] as const) {
  test(`while the witness ${what} nothing is adopted and nobody is accused`, async () => {
    await using served = await openServed({ network });
    const { bob, group, alice } = served;
    const { first, others } = partsOf(served);
    let isLagging = true;
    for (const node of others) {
      node.lie((api) => ({
        readWords: async (question, call) => {
          const { head, words } = await api.readWords(question, call);
          if (!isLagging) return { head, words };
          return { head: head && { ...head, number: head.number + ahead }, words: undefined };
        },
      }));
    }
    const before = await headOf(bob, group);
    await rename(served, what);
    await until("bob's client has asked", () => served.handle.witness === "not-yet");
    await say(bob, group, `while it ${what}`);
    await until("at alice's", async () => (await texts(alice, group)).includes(`while it ${what}`));
    assert.equal(await headOf(bob, group), before);
    isLagging = false;
    await untilTogether(served);
    assert.equal(await servedBy(bob, group), first.nodeId);
    assert.deepEqual(liesOf(served), []);
  });
}

test("nobody answers: what comes is provisional and nobody is added by it, until somebody confirms it", async () => {
  await using served = await openServed({ network, finalityBlocks: 4 });
  const { group, alice, bob, carol, handle } = served;
  const { others } = partsOf(served);
  await using dave = await openTestClient({ network, name: "dave" });
  for (const node of others) node.lie(mute);
  await rename(served, "told by one node");
  await untilTogether(served);
  assert.equal(handle.view.provisional.length, 1);
  await say(bob, group, "by those who were there");
  // A member more, says one node: it is not spoken to.
  const added = await addMembers({ client: alice.client, group, members: [dave.client.inbox] });
  assert.deepEqual(await added.settled, delivered);
  await untilTogether(served);
  await until("dave in the group", () => isMember(dave, group));
  await say(bob, group, "not for dave");
  await until("at carol's", async () => (await texts(carol, group)).includes("not for dave"));
  assert.ok(!(await texts(dave, group)).includes("not for dave"));
  assert.equal(handle.view.provisional.length, 2);
  const agreed = handle.agreed.number;
  await network.chain.mine(40);
  await rotateKeys({ client: alice.client, group });
  await untilTogether(served);
  assert.equal(handle.agreed.number, agreed, "nothing is final by the word of one node");
  for (const node of others) node.lie(undefined);
  await until("confirmed", () => handle.view.provisional.length === 0);
  await say(bob, group, "for dave, too");
  await until("at dave's", async () => (await texts(dave, group)).includes("for dave, too"));
  assert.deepEqual(liesOf(served), []);
});

test("an addition without a witness stays queued, and text overtakes it", async () => {
  await using served = await openServed({ network });
  const { group, alice, bob } = served;
  await using dave = await openTestClient({ network, name: "dave" });
  const { others } = partsOf(served);
  const granted = await setRole({ client: alice.client, group, member: bob.client.inbox, role: "admin" });
  assert.deepEqual(await granted.settled, delivered);
  await untilTogether(served);
  for (const node of others) node.lie(mute);
  await rename(served, "to be asked about");
  await untilTogether(served);
  const add = await addMembers({ client: bob.client, group, members: [dave.client.inbox] });
  await say(bob, group, "text goes on");
  const waits = async () => (await syncStatus({ client: bob.client })).groups[0]?.waitsFor;
  await until("the addition waits", async () => (await waits()) === "no-witness");
  const [open] = await listIntents({ client: bob.client, open: true });
  assert.deepEqual([open?.action, open?.progress], ["add", "queued"]);
  for (const node of others) node.lie(undefined);
  assert.deepEqual(await add.settled, delivered);
  assert.equal((await listMembers({ client: alice.client, group })).length, 4);
});

test("nobody answers, and then somebody contradicts: what one node invented is undone", async () => {
  await using served = await openServed({ network });
  const { bob, group, handle } = served;
  const { first, others } = partsOf(served);
  await offline(served);
  const { id, change } = await invent(served, first.api);
  first.lie((api) => changePages(api, change));
  for (const node of others) node.lie(mute);
  await online(served);
  await until("the invented commit at bob's", async () => (await headOf(bob, group)) === id);
  assert.ok(handle.view.entries.get(id)?.isProvisional);
  for (const node of others) node.lie(undefined);
  await untilTogether(served);
  assert.ok(!handle.view.entries.has(id));
  await until("confirmed", () => handle.view.provisional.length === 0);
  assert.notEqual(await servedBy(bob, group), first.nodeId);
});

test("who joins by pages of one entry each is told of all of them", async () => {
  await using served = await openServed({ network });
  const { alice, group, nodes } = served;
  for (let i = 0; i < 3; i++) await rename(served, `name ${i}`);
  for (const node of nodes) {
    node.lie((api) => ({
      followChain: async function* (params, call) {
        for await (const event of api.followChain(params, call)) {
          if (event.kind !== "entries") yield event;
          else for (const page of onePerPage(event)) yield { ...event, ...page };
        }
      },
    }));
  }
  await using dave = await openTestClient({ network: { ...network, nodes }, name: "dave" });
  const added = await addMembers({ client: alice.client, group, members: [dave.client.inbox] });
  assert.deepEqual(await added.settled, delivered);
  await until("dave in the group", () => isMember(dave, group));
  await say(dave, group, "here");
});

// The last: one of its nodes stays in the registry and answers no more.
test("two nodes of one operator that lie together don't confirm each other", async () => {
  await using accomplice = await startTestNode({ chain: network.chain, account: 1 });
  const nodes = [network.nodes[0], accomplice, network.nodes[1]].filter((node) => node !== undefined);
  await using served = await openServed({ network: { ...network, nodes } });
  const { bob } = served;
  const { first, others } = partsOf(served);
  const operators = coreOf(bob.client).links.nodes;
  assert.equal(operators.get(first.nodeId)?.operator, operators.get(accomplice.nodeId)?.operator);
  await offline(served);
  const { id, change, word } = await invent(served, first.api);
  first.lie((api) => changePages(api, change));
  others[0]?.lie((api) => ({
    readWords: async (question, call) => {
      const { head, words } = await api.readWords(question, call);
      const entries = words?.entries.map((said, i) => (question.entries[i]?.id === id ? word : said)) ?? [];
      return { head, words: words && { ...words, entries } };
    },
  }));
  await online(served);
  await untilTogether(served);
  assert.ok(!served.handle.view.entries.has(id));
  assert.ok(liesOf(served).some(({ node }) => node === first.nodeId));
});

function onePerPage(page: EntryPage): EntryPage[] {
  const last = page.entries.length - 1;
  if (last < 1) return [page];
  return page.entries.map((entry, i) => {
    const before = page.entries[i - 1];
    const from = before
      ? { block: before.block.number, logIndex: before.logIndex, blockHash: before.block.hash }
      : page.from;
    return { from, entries: [entry], more: i < last || page.more, head: page.head };
  });
}
