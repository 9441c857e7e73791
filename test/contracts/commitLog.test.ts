import assert from "node:assert/strict";
import { test } from "node:test";
import {
  concatHex,
  decodeErrorResult,
  encodeAbiParameters,
  getAddress,
  keccak256,
  sliceHex,
  toHex,
  zeroAddress,
  zeroHash,
} from "viem";
import { commitLogAbi } from "../../src/chain/abi/commitLog.ts";
import {
  type Append,
  appendArgs,
  entryIdOf,
  groupOf,
  NO_LIMIT,
  openCommitLog,
  randomPayload,
  withHighS,
} from "./commitLogFixture.ts";
import { newAccount } from "./newAccount.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const { address, log, sign, createGroup } = await openCommitLog(chain);
test.after(() => chain[Symbol.asyncDispose]());

test("the first entry is signed by the key that hashes to the group, later ones by their parent's authority", async () => {
  const genesis = newAccount();
  const [a, b] = [newAccount(), newAccount()];
  const group = groupOf(genesis);
  const first = await sign(
    { group, parent: group, limit: 0, authority: a.address, payload: "0x0102" },
    genesis,
  );
  const id = entryIdOf(first);
  const mined = await chain.events(commitLogAbi, log.write.append(appendArgs(first)));
  assert.deepEqual(mined.events, [
    {
      name: "Appended",
      args: { group, id, parent: group, index: 0, authority: a.address, payload: "0x0102" },
    },
  ]);
  assert.deepEqual(await log.read.entries([group, id]), {
    authority: a.address,
    blockNumber: Number(mined.receipt.blockNumber),
    index: 0,
    children: 0,
  });
  assert.deepEqual(await log.read.entries([group, group]), {
    authority: zeroAddress,
    blockNumber: 0,
    index: 0,
    children: 1,
  });

  const second = await sign({ group, parent: id, limit: 0, authority: b.address, payload: "0x" }, a);
  await log.write.append(appendArgs(second));
  const third = await sign({ group, parent: id, limit: 1, authority: b.address, payload: "0x03" }, a);
  await log.write.append(appendArgs(third));
  assert.equal(await log.read.children([group, id]), 2);
  assert.equal((await log.read.entries([group, entryIdOf(third)])).index, 1);
});

test("append answers with the entry's id", async () => {
  const { group, first, authority } = await createGroup();
  const next = await sign(
    { group, parent: first, limit: 0, authority: authority.address, payload: "0x" },
    authority,
  );
  assert.equal((await log.simulate.append(appendArgs(next))).result, entryIdOf(next));
});

test("what is not there reads as zero", async () => {
  const { group } = await createGroup();
  assert.deepEqual(await log.read.entries([group, zeroHash]), {
    authority: zeroAddress,
    blockNumber: 0,
    index: 0,
    children: 0,
  });
  assert.equal(await log.read.children([zeroHash, zeroHash]), 0);
});

test("Stale: more children than the limit, with their number", async () => {
  const { group, first, authority } = await createGroup();
  const below = (limit: number) => ({
    group,
    parent: first,
    limit,
    authority: newAccount().address,
    payload: randomPayload(8),
  });
  for (const limit of [0, NO_LIMIT, 2]) {
    await log.write.append(appendArgs(await sign(below(limit), authority)));
  }
  for (const limit of [0, 1, 2]) {
    const late = await sign(below(limit), authority);
    assert.deepEqual(await refusal(log.simulate.append(appendArgs(late))), { name: "Stale", args: [3] });
  }
  await log.write.append(appendArgs(await sign(below(3), authority)));
  assert.equal(await log.read.children([group, first]), 4);
});

test("Stale: the root counts its children too", async () => {
  const { genesis, group } = await createGroup();
  const again = { group, parent: group, authority: genesis.address, payload: "0x02" } as const;
  const late = await sign({ ...again, limit: 0 }, genesis);
  assert.deepEqual(await refusal(log.simulate.append(appendArgs(late))), { name: "Stale", args: [1] });
  await log.write.append(appendArgs(await sign({ ...again, limit: 1 }, genesis)));
  assert.equal(await log.read.children([group, group]), 2);
});

test("Exists: also where the limit is passed, so that a sender learns that it landed", async () => {
  const { group, first, authority } = await createGroup();
  const entry = await sign(
    { group, parent: first, limit: 0, authority: authority.address, payload: "0x01" },
    authority,
  );
  await log.write.append(appendArgs(entry));
  assert.deepEqual(await refusal(log.simulate.append(appendArgs(entry))), {
    name: "Exists",
    args: [entryIdOf(entry)],
  });
});

test("UnknownParent: an entry that is not there, or of another group", async () => {
  const { group, authority } = await createGroup();
  const other = await createGroup();
  for (const parent of [zeroHash, keccak256("0x01"), other.first, other.group]) {
    const stray = await sign(
      { group, parent, limit: NO_LIMIT, authority: authority.address, payload: "0x" },
      authority,
    );
    assert.deepEqual(await refusal(log.simulate.append(appendArgs(stray))), {
      name: "UnknownParent",
      args: [],
    });
  }
});

test("BadSignature: strangers, other fields, the genesis key for a child of the first entry", async () => {
  const { genesis, group, first, authority } = await createGroup();
  const entry = { group, parent: first, limit: 5, authority: authority.address, payload: "0x01" } as const;
  const good = await sign(entry, authority);
  const bad: Append[] = [
    await sign(entry, newAccount()),
    await sign(entry, genesis),
    { ...good, limit: 6 },
    { ...good, authority: genesis.address },
    { ...good, payload: "0x02" },
    { ...good, signature: withHighS(good.signature) },
    { ...good, signature: "0x" },
    { ...good, signature: concatHex([good.signature, "0x00"]) },
    { ...good, signature: concatHex([sliceHex(good.signature, 0, 64), "0x00"]) },
    { ...good, signature: toHex(0, { size: 65 }) },
    await sign({ ...entry, parent: group }, authority),
  ];
  for (const append of bad) {
    assert.deepEqual(await refusal(log.simulate.append(appendArgs(append))), {
      name: "BadSignature",
      args: [],
    });
  }
  await log.write.append(appendArgs(good));
});

test("BadSignature: a group of the zero address belongs to nobody", async () => {
  const group = keccak256(encodeAbiParameters([{ type: "address" }], [zeroAddress]));
  const authority = newAccount().address;
  for (const signature of ["0x", toHex(0, { size: 65 }), toHex(2n ** 256n, { size: 65 })] as const) {
    const claim = { group, parent: group, limit: 0, authority, payload: "0x", signature } as const;
    assert.deepEqual(await refusal(log.simulate.append(appendArgs(claim))), {
      name: "BadSignature",
      args: [],
    });
  }
});

test("BadSignature: signed for another contract or another chain", async () => {
  const elsewhere = await openCommitLog(chain);
  const { group, first, authority } = await createGroup();
  const entry = { group, parent: first, limit: 0, authority: authority.address, payload: "0x" } as const;
  const foreign = await elsewhere.sign(entry, authority);
  assert.deepEqual(await refusal(log.simulate.append(appendArgs(foreign))), {
    name: "BadSignature",
    args: [],
  });
});

test("ZeroAuthority", async () => {
  const { group, first, authority } = await createGroup();
  const entry = await sign(
    { group, parent: first, limit: 0, authority: zeroAddress, payload: "0x" },
    authority,
  );
  assert.deepEqual(await refusal(log.simulate.append(appendArgs(entry))), {
    name: "ZeroAuthority",
    args: [],
  });
});

test("TooLarge: 84,000 bytes pass, one more does not", async () => {
  const { group, first, authority } = await createGroup();
  const limit = Number(await log.read.MAX_PAYLOAD_BYTES());
  assert.equal(limit, 84_000);
  const sized = (bytes: number) =>
    sign(
      { group, parent: first, limit: 0, authority: authority.address, payload: randomPayload(bytes) },
      authority,
    );
  const over = await sized(limit + 1);
  assert.deepEqual(await refusal(log.simulate.append(appendArgs(over))), { name: "TooLarge", args: [] });
  await log.write.append(appendArgs(await sized(limit)));
});

test("Full: a parent whose children can no longer be counted", async () => {
  const { group, first, authority } = await createGroup();
  const slot = await entrySlot(group, first);
  const word = BigInt((await chain.client.getStorageAt({ address, slot })) ?? "0x0");
  const full = (word & (2n ** 232n - 1n)) | (BigInt(NO_LIMIT) << 232n);
  await chain.client.setStorageAt({ address, index: slot, value: toHex(full, { size: 32 }) });
  assert.equal(await log.read.children([group, first]), NO_LIMIT);
  const entry = await sign(
    { group, parent: first, limit: NO_LIMIT, authority: authority.address, payload: "0x" },
    authority,
  );
  assert.deepEqual(await refusal(log.simulate.append(appendArgs(entry))), { name: "Full", args: [] });
});

test("appendMany: what is refused leaves the others alone and is reported in place", async () => {
  const { group, first, authority } = await createGroup();
  const base = { group, parent: first, limit: NO_LIMIT, authority: authority.address } as const;
  const a = await sign({ ...base, payload: "0x0a" }, authority);
  const stranger = await sign({ ...base, payload: "0x0b" }, newAccount());
  const child = await sign({ ...base, parent: entryIdOf(a), payload: "0x0c" }, authority);
  const stale = await sign({ ...base, limit: 0, payload: "0x0d" }, authority);
  const appends = [a, stranger, a, child, stale];
  const { result } = await log.simulate.appendMany([appends]);
  const { events } = await chain.events(commitLogAbi, log.write.appendMany([appends]));

  assert.deepEqual(
    result.map((r) => r.id),
    appends.map(entryIdOf),
  );
  const reasons = result.map((r) =>
    r.refusal === "0x" ? "landed" : decodeErrorResult({ abi: commitLogAbi, data: r.refusal }),
  );
  const plain = reasons.map((reason) =>
    typeof reason === "string" ? reason : [reason.errorName, reason.args],
  );
  assert.deepEqual(plain, [
    "landed",
    ["BadSignature", undefined],
    ["Exists", [entryIdOf(a)]],
    "landed",
    ["Stale", [1]],
  ]);
  assert.deepEqual(
    events.map(({ name, args }) => [name, args.id]),
    appends.map((append, i) => [result[i]?.refusal === "0x" ? "Appended" : "Refused", entryIdOf(append)]),
  );
  assert.deepEqual(
    events.filter(({ name }) => name === "Refused").map(({ args }) => args.refusal),
    result.map((r) => r.refusal).filter((reason) => reason !== "0x"),
  );
});

test("appendMany of nothing does nothing", async () => {
  assert.deepEqual((await log.simulate.appendMany([[]])).result, []);
});

test("the block is the chain's own where ArbSys knows it", async () => {
  // PUSH2 0xabcd, MSTORE at 0, RETURN 32 bytes
  await chain.client.setCode({
    address: "0x0000000000000000000000000000000000000064",
    bytecode: "0x61abcd5f5260205ff3",
  });
  const orbit = await openCommitLog(chain);
  await chain.client.setCode({ address: "0x0000000000000000000000000000000000000064", bytecode: "0x" });
  assert.equal(await orbit.log.read.DEPLOYED_BLOCK(), 0xabcd);
  assert.ok((await log.read.DEPLOYED_BLOCK()) < 0xabcd);

  await chain.client.setCode({
    address: "0x0000000000000000000000000000000000000064",
    bytecode: "0x61abce5f5260205ff3",
  });
  const { group, first } = await orbit.createGroup();
  await chain.client.setCode({ address: "0x0000000000000000000000000000000000000064", bytecode: "0x" });
  assert.equal((await orbit.log.read.entries([group, first])).blockNumber, 0xabce);
});

test("entryWords: each entry in its slot's layout, 1,000 a call; unknown ones are zero", async () => {
  const { group, first } = await createGroup();
  const unknown = keccak256(first);
  const ids = [group, first, unknown, ...Array(997).fill(first)];
  const words = await log.read.entryWords([Array(1000).fill(group), ids]);
  const { authority, blockNumber, index, children } = await log.read.entries([group, first]);
  const word = BigInt(authority) | (BigInt(blockNumber) << 160n) | (BigInt(index) << 208n);
  assert.deepEqual([children, words.length], [0, 1000]);
  const root = 1n << 232n;
  assert.deepEqual(words.slice(0, 4).map(BigInt), [root, word, 0n, word]);
  const uneven = log.read.entryWords([[group], [first, first]]);
  assert.equal((await refusal(uneven)).name, "LengthMismatch");
});

test("the domain is as documented", async () => {
  const domain = await log.read.eip712Domain();
  assert.deepEqual(
    [domain[1], domain[2], domain[3], domain[4]],
    ["Weft CommitLog", "2", BigInt(chain.client.chain.id), getAddress(address)],
  );
});

/** Storage slot of `_entries[group][id]`: found, not assumed. */
async function entrySlot(group: `0x${string}`, id: `0x${string}`): Promise<`0x${string}`> {
  for (let base = 0n; base < 8n; base++) {
    const outer = keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "uint256" }], [group, base]));
    const slot = keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }], [id, outer]));
    const word = await chain.client.getStorageAt({ address, slot });
    if (word !== undefined && BigInt(word) !== 0n) return slot;
  }
  throw new Error("the entry is in no known slot");
}
