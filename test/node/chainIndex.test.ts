import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { keyOf } from "../../src/store/keys.ts";
import { applyChainPage, rollbackChain } from "../../src/store/node/applyChainPage.ts";
import {
  type ChainIndex,
  chainCursor,
  indexRecords,
  openChainIndex,
} from "../../src/store/node/chainIndex.ts";
import { writeJson } from "../../src/store/node/chainIndexCodec.ts";
import type { IndexableRecord } from "../../src/store/node/indexableRecord.ts";
import { dropPayloads, noteRead, restorePayloads } from "../../src/store/node/keepPayloads.ts";
import { childCount, entriesOf, entryOf } from "../../src/store/node/readEntries.ts";
import { readHistories } from "../../src/store/node/readHistories.ts";
import { inboxOf, inboxOfWallet, isActiveInstallation } from "../../src/store/node/readInboxes.ts";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { nodeSchema } from "../../src/store/schema.ts";
import type { BlockRef } from "../../src/wire/blockRef.ts";
import { u32 } from "../../src/wire/bytes.ts";
import type { Entry } from "../../src/wire/chainEntry.ts";
import { EMPTY_WORD, nextWord, signaturesOf } from "../../src/wire/identityStep.ts";
import {
  type Address,
  asAddress,
  asId,
  type EntryId,
  type GroupId,
  type Hex,
  type InboxId,
  type InstallationKey,
  type NodeId,
  toHex,
} from "../../src/wire/ids.ts";
import { temporaryDirectory } from "../support/temporaryDirectory.ts";
import { testNetwork } from "../support/testNetwork.ts";

const FINALITY_BLOCKS = 4;
const consent = { nonce: 0n, deadline: 2n ** 200n, signature: new Uint8Array(65).fill(7) };

type Body = IndexableRecord extends infer R
  ? R extends unknown
    ? Omit<R, "block" | "logIndex">
    : never
  : never;
type Block = { readonly ref: BlockRef; readonly records: readonly IndexableRecord[] };

test("random pages and rollbacks leave what a fresh index of the final chain has", async () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        grow: fc.array(fc.array(arbitraryBody(), { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ back: fc.integer({ min: 1, max: FINALITY_BLOCKS }) }) },
    { weight: 1, arbitrary: fc.record({ back: fc.integer({ min: 1, max: 20 }) }) },
    { weight: 1, arbitrary: fc.constant({ reopen: true }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      await using opened = await openIndex();
      let index = opened.index;
      let chain: Block[] = [];
      let branch = 0;
      for (const step of steps) {
        if ("reopen" in step) index = await openChainIndex({ database: index.database });
        else if ("grow" in step) {
          const blocks = step.grow.map((bodies, i) =>
            block({ number: chain.length + i + 1, branch, bodies }),
          );
          chain = [...chain, ...blocks];
          await apply(index, blocks);
        } else {
          branch++;
          chain = await goBack({ index, chain, to: Math.max(0, chain.length - step.back) });
        }
        assert.equal(index.state.head?.number ?? 0, chain.length);
      }
      await using fresh = await openIndex();
      if (chain.length > 0) await apply(fresh.index, chain);
      assert.deepEqual(await dump(index), await dump(fresh.index));
      assert.deepEqual([...index.state.nodes].sort(), [...fresh.index.state.nodes].sort());
    }),
    { numRuns: 40 },
  );
});

test("entries are read in pages, after the newest cursor that is still on the chain", async () => {
  await using opened = await openIndex();
  const { index } = opened;
  const group = id<GroupId>(1);
  const root = entry({ group, parent: group, index: 0, id: id(10) });
  const [left, right] = [0, 1].map((i) => entry({ group, parent: id(10), index: i, id: id(11 + i) }));
  assert(left !== undefined && right !== undefined);
  const blocks = [[root], [left], [right]].map((bodies, i) => block({ number: i + 1, branch: 0, bodies }));
  await apply(index, blocks);
  const all = await entriesOf({ index, group, recent: [], maxBytes: 1e6 });
  assert.deepEqual(
    all.entries.map((found) => found.id),
    [id(10), id(11), id(12)],
  );
  assert.deepEqual([all.from, all.more], [undefined, false]);
  const first = await entriesOf({ index, group, recent: [], maxBytes: 1 });
  assert.deepEqual([first.entries.map((found) => found.id), first.more], [[id(10)], true]);
  const cursor = (found: (typeof all.entries)[number] | undefined) => {
    assert(found !== undefined);
    return { block: found.block.number, logIndex: found.logIndex, blockHash: found.block.hash };
  };
  const [a, b, c] = all.entries.map(cursor);
  assert(a !== undefined && b !== undefined && c !== undefined);
  const rest = await entriesOf({ index, group, recent: [b, a], maxBytes: 1e6 });
  assert.deepEqual([rest.from, rest.entries.map((found) => found.id)], [b, [id(12)]]);
  assert.equal(await childCount({ index, group, id: id(10) }), 2);
  assert.equal(await childCount({ index, group, id: group }), 1);
  assert.equal((await entryOf({ index, group, id: id(12) }))?.index, 1);
  assert.equal(await entryOf({ index, group: id(2), id: id(12) }), undefined);

  const [, second] = blocks;
  assert(second !== undefined);
  await rollbackChain({ index, to: second.ref });
  await apply(index, [
    block({ number: 3, branch: 1, bodies: [entry({ group, parent: id(10), index: 1, id: id(13) })] }),
  ]);
  const after = await entriesOf({ index, group, recent: [c, b, a], maxBytes: 1e6 });
  assert.deepEqual([after.from, after.entries.map((found) => found.id)], [b, [id(13)]]);
  assert.equal(index.state.anchor?.hash, index.state.head?.hash);
});

test("payloads that were dropped are told as such, final ones only; what an earlier version wrote is read", async () => {
  await using opened = await openIndex();
  const { index } = opened;
  const { database } = index;
  const group = id<GroupId>(1);
  const bodies = [10, 11, 12, 13].map((at) => entry({ group, parent: group, index: at - 10, id: id(at) }));
  const blocks = Array.from({ length: 8 }, (_, i) =>
    block({ number: i + 1, branch: 0, bodies: bodies.slice(i, i + 1) }),
  );
  await apply(index, blocks);
  const read = async () => {
    const { entries, dropped, more } = await entriesOf({ index, group, recent: [], maxBytes: 1e6 });
    return [entries.map((one) => one.id), dropped.map((one) => one.id), more];
  };
  const all = [id(10), id(11), id(12), id(13)];
  assert.deepEqual(await read(), [all, [], false]);
  const { signal } = new AbortController();
  const young = { index, before: 1_003_000, isRead: () => false, signal };
  assert.equal(await dropPayloads(young), 0, "its newest entry is of second 1,004");
  assert.equal(await dropPayloads({ ...young, before: 1_005_000 }), 1);
  assert.deepEqual(await read(), [[], all, true]);
  assert.equal(await childCount({ index, group, id: group }), 4);

  const { payload, ...fields } = (await entryOf({ index, group, id: id(11) })) as Entry;
  assert.equal(payload.length, 0);
  const json = writeJson(fields);
  const old = concatBytes(u32(json.length), json, new Uint8Array(9).fill(5));
  await database.level.put(keyOf(nodeSchema.entry, { group, id: id(11) }), old);
  assert.deepEqual(await read(), [[], [id(10)], true], "one after the other");
  const restored = new Uint8Array(100).fill(0);
  await restorePayloads({ database, entries: [{ ...fields, id: id(10), payload: restored }] });
  assert.deepEqual(await read(), [[id(10), id(11)], [], true]);
  await noteRead({ database, group, nowMs: 1_005_000 });
  assert.equal(await dropPayloads({ ...young, before: 86_000_000 }), 0, "somebody read it that day");
  assert.equal(await dropPayloads({ ...young, before: 86_400_001 }), 1);
});

test("a rollback keeps the anchor's number, and one beyond the floor empties the index", async () => {
  await using opened = await openIndex();
  const { index } = opened;
  const blocks = Array.from({ length: 12 }, (_, i) => block({ number: i + 1, branch: 0, bodies: [] }));
  await apply(index, blocks);
  assert.equal(index.state.floor, 12 - FINALITY_BLOCKS);
  assert.deepEqual(
    (await chainCursor(index)).map(({ number }) => number),
    [12, 11, 10, 9, 8],
  );
  const [, , , fourth] = blocks;
  const ninth = blocks[8];
  assert(fourth !== undefined && ninth !== undefined);
  await rollbackChain({ index, to: ninth.ref });
  assert.deepEqual([index.state.head?.number, index.state.anchor?.number], [9, 12]);
  await rollbackChain({ index, to: fourth.ref });
  assert.deepEqual([index.state.head, index.state.anchor?.number], [undefined, 12]);
  assert.deepEqual([await chainCursor(index), await dump(index)], [[], []]);
  const reopened = await openChainIndex({ database: index.database });
  assert.deepEqual([reopened.state.head, reopened.state.anchor?.number], [undefined, 12]);
});

test("inboxes, wallets and nodes are what the events made of them", async () => {
  await using opened = await openIndex();
  const { index } = opened;
  const inbox = id<InboxId>(1);
  const installation = id<InstallationKey>(2);
  const [wallet, other] = [address(1), address(2)];
  const key = { installation, installationSignature: new Uint8Array(64), isVoid: false, consent };
  await apply(index, [
    block({
      number: 1,
      branch: 0,
      bodies: [
        { kind: "inbox-created", inbox, wallet, salt: id(9) },
        { kind: "installation-added", inbox, wallet, ...key },
        {
          kind: "wallet-linked",
          inbox,
          wallet: other,
          by: wallet,
          walletConsent: consent,
          byConsent: consent,
        },
      ],
    }),
    block({
      number: 2,
      branch: 0,
      bodies: [{ kind: "wallet-unlinked", inbox, wallet, by: wallet, consent }],
    }),
  ]);
  assert.equal(await isActiveInstallation({ index, inbox, installation }), true);
  assert.equal(await inboxOfWallet({ index, wallet }), undefined);
  assert.equal(await inboxOfWallet({ index, wallet: other }), inbox);
  await apply(index, [
    block({
      number: 3,
      branch: 0,
      bodies: [
        { kind: "installation-revoked", inbox, installation, by: wallet, signature: consent.signature },
      ],
    }),
  ]);
  assert.equal(await isActiveInstallation({ index, inbox, installation }), false);
  const record = await inboxOf({ index, inbox });
  assert.deepEqual(
    record?.installations.map(({ addedBlock, revokedBlock }) => [addedBlock, revokedBlock]),
    [[1, 3]],
  );
});

test("a history is served whole, from where its reader stands, and from the beginning after a reorganization", async () => {
  await using opened = await openIndex();
  const { index } = opened;
  const inbox = id<InboxId>(1);
  const [wallet, other] = [address(1), address(2)];
  const added = (key: number): Body => ({
    ...{ kind: "installation-added", inbox, wallet, installation: id(key), consent },
    ...{ installationSignature: new Uint8Array(64), isVoid: key === 3 },
  });
  const blocks = [
    block({
      number: 1,
      branch: 0,
      bodies: [{ kind: "inbox-created", inbox, wallet, salt: id(9) }, added(2)],
    }),
    block({ number: 2, branch: 0, bodies: [added(3)] }),
    block({ number: 3, branch: 0, bodies: [added(4)] }),
  ];
  await apply(index, blocks);
  const read = async (position: { count: number; word: Hex }, maxBytes = 10_000) => {
    const { parts, head } = await readHistories({ index, positions: [{ inbox, ...position }], maxBytes });
    const [part] = parts;
    assert(part !== undefined);
    return { ...part, head };
  };
  const whole = await read({ count: 0, word: EMPTY_WORD });
  assert.deepEqual([whole.from, whole.count, whole.head?.number], [0, 3, 3]);
  assert.deepEqual(
    whole.steps.map((step) => [step.kind, step.block, step.time]),
    [
      ["create-inbox", 1, 1001],
      ["add-installation", 2, 1002],
      ["add-installation", 3, 1003],
    ],
  );
  // A void addition is a step, and no installation.
  assert.deepEqual(
    (await inboxOf({ index, inbox }))?.installations.map(({ installation }) => installation),
    [id(2), id(4)],
  );
  let word = EMPTY_WORD;
  const words = whole.steps.map((step) => {
    word = nextWord({ word, step, signatures: signaturesOf({ inbox, step }) });
    return word;
  });
  assert.equal(words.at(-1), whole.word);
  const [, second = EMPTY_WORD, third = EMPTY_WORD] = words;
  const rest = await read({ count: 2, word: second });
  assert.deepEqual([rest.from, rest.steps], [2, whole.steps.slice(2)]);
  assert.deepEqual((await read({ count: 3, word: third })).steps, []);
  // One at least, whatever the bound.
  assert.deepEqual((await read({ count: 0, word: EMPTY_WORD }, 1)).steps, whole.steps.slice(0, 1));

  const [, ahead] = blocks;
  assert(ahead !== undefined);
  await rollbackChain({ index, to: ahead.ref });
  await apply(index, [block({ number: 3, branch: 1, bodies: [{ ...added(5), wallet: other } as Body] })]);
  const anew = await read({ count: 3, word: third });
  assert.deepEqual([anew.from, anew.count, anew.steps.length], [0, 3, 3]);
  assert.notEqual(anew.word, third);
  assert.deepEqual((await read({ count: 2, word: second })).from, 2);
  const unknown = await readHistories({
    ...{ index, maxBytes: 10 },
    positions: [{ inbox: id(8), count: 1, word: third }],
  });
  assert.deepEqual(unknown.parts, [{ from: 0, steps: [], count: 0, word: EMPTY_WORD }]);
});

function arbitraryBody(): fc.Arbitrary<Body> {
  const few = fc.integer({ min: 1, max: 3 });
  const addresses = {
    peerId: new Uint8Array(34),
    peerProof: new Uint8Array(64),
    multiaddrs: ["/ip4/127.0.0.1/tcp/1"],
    httpAddress: "http://x",
  };
  return fc.oneof(
    fc
      .record({ group: few, entry: few, parent: few, index: fc.integer({ min: 0, max: 3 }) })
      .map((e) =>
        entry({ group: id(e.group), id: id(10 + e.entry), parent: id(20 + e.parent), index: e.index }),
      ),
    fc
      .tuple(few, few)
      .map(([i, w]): Body => ({ kind: "inbox-created", inbox: id(i), wallet: address(w), salt: id(i + w) })),
    fc.tuple(few, few, few).map(([i, k, w]): Body => {
      const installationSignature = new Uint8Array(64);
      return {
        kind: "installation-added",
        inbox: id(i),
        installation: id(k),
        wallet: address(w),
        installationSignature,
        isVoid: k === 3,
        consent,
      };
    }),
    fc.tuple(few, few).map(
      ([i, k]): Body => ({
        ...{ kind: "installation-revoked", inbox: id(i), installation: id(k), by: address(k) },
        signature: consent.signature,
      }),
    ),
    fc.tuple(few, few).map(
      ([i, w]): Body => ({
        ...{ kind: "wallet-linked", inbox: id(i), wallet: address(w), by: address(i) },
        ...{ walletConsent: consent, byConsent: consent },
      }),
    ),
    fc.tuple(few, few).map(
      ([i, w]): Body => ({
        ...{ kind: "wallet-unlinked", inbox: id(i), wallet: address(w), by: address(w), consent },
      }),
    ),
    fc.tuple(few, few, few).map(
      ([i, w, at]): Body => ({
        kind: "recovery-proposed",
        inbox: id(i),
        recovery: address(w),
        by: address(i),
        changesAt: at,
        consent,
      }),
    ),
    few.map(
      (i): Body => ({ kind: "recovery-vetoed", inbox: id(i), recovery: address(i), by: address(i), consent }),
    ),
    few.map(
      (n): Body => ({
        kind: "node-registered",
        node: id(n),
        operator: address(n),
        signingKey: new Uint8Array(33),
        bondWei: BigInt(n),
        shards: 1n,
        ...addresses,
      }),
    ),
    fc
      .tuple(few, few)
      .map(([n, g]): Body => ({ kind: "node-restarted", node: id(n), generation: BigInt(g) })),
    few.map((n): Body => ({ kind: "node-leaving", node: id(n), withdrawableAt: n })),
    few.map((n): Body => ({ kind: "node-left", node: id(n) })),
    few.map((n): Body => ({ kind: "node-dropped", node: id(n) })),
    few.map((n): Body => ({ kind: "node-shards", node: id(n), shards: BigInt(n) })),
    few.map((n): Body => ({ kind: "node-disabled", node: id(n) })),
    few.map((n): Body => ({ kind: "node-addresses", node: id(n), ...addresses, httpAddress: "http://y" })),
    fc.tuple(few, few, few).map(
      ([n, s, h]): Body => ({
        kind: "checkpoint",
        ...{ node: id(n), generation: 1n, shard: 0, sequence: BigInt(s), headerHash: id(h) },
      }),
    ),
  );
}

function entry(params: { group: GroupId; id: Hex; parent: Hex; index: number }): Body {
  const { group, index } = params;
  const ids = { group, id: params.id as EntryId, parent: params.parent as EntryId };
  return { kind: "entry", ...ids, index, authority: address(7), payload: new Uint8Array(100).fill(index) };
}

function block(params: { number: number; branch: number; bodies: readonly Body[] }): Block {
  const { number, branch, bodies } = params;
  const ref = {
    number,
    hash: toHex(new Uint8Array(32).fill(number).fill(branch, 0, 1)),
    time: 1000 + number,
  };
  return {
    ref,
    records: bodies.map((body, logIndex) => ({ ...body, block: ref, logIndex }) as IndexableRecord),
  };
}

async function apply(index: ChainIndex, blocks: readonly Block[]): Promise<void> {
  const to = blocks.at(-1)?.ref;
  assert(to !== undefined);
  const finalBlock = Math.max(0, to.number - FINALITY_BLOCKS);
  const records = blocks.flatMap((block) => block.records);
  await applyChainPage({ index, page: { to, finalBlock, blocks: blocks.map(({ ref }) => ref), records } });
}

/** As the follower does: to a block that the index still knows, else to the beginning and all anew. */
async function goBack(params: { index: ChainIndex; chain: Block[]; to: number }): Promise<Block[]> {
  const { index, to } = params;
  if (index.state.head === undefined) return [];
  const kept = params.chain.slice(0, to);
  const ref = kept.at(-1)?.ref ?? { number: 0, hash: toHex(new Uint8Array(32)), time: 0 };
  const known = to >= index.state.floor;
  await rollbackChain({ index, to: ref });
  if (!known && kept.length > 0) await apply(index, kept);
  return kept;
}

async function openIndex(): Promise<AsyncDisposable & { index: ChainIndex }> {
  const directory = await temporaryDirectory();
  const database = await openDatabase({
    path: join(directory.path, "db"),
    kind: "node",
    network: testNetwork,
  });
  return {
    index: await openChainIndex({ database }),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Every record but those that serve following. */
async function dump({ database }: ChainIndex): Promise<[Hex, string][]> {
  const own: readonly number[] = [nodeSchema.block.prefix, nodeSchema.undo.prefix];
  const prefixes = indexRecords.map(({ prefix }) => prefix).filter((prefix) => !own.includes(prefix));
  const records: [Hex, string][] = [];
  for (const prefix of prefixes) {
    const range = { gte: Uint8Array.of(prefix), lt: Uint8Array.of(prefix + 1) };
    for await (const [key, value] of database.level.iterator(range)) {
      records.push([toHex(key), new TextDecoder().decode(value)]);
    }
  }
  return records;
}

function id<T extends GroupId | EntryId | InboxId | InstallationKey | NodeId = EntryId & GroupId>(
  byte: number,
): T {
  return asId(new Uint8Array(32).fill(byte)) as T;
}

function address(byte: number): Address {
  return asAddress(new Uint8Array(20).fill(byte));
}
