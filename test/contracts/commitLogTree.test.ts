import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeErrorResult, type Hex, zeroAddress } from "viem";
import { commitLogAbi } from "../../src/chain/abi/commitLog.ts";
import { type Append, appendArgs, entryIdOf, groupOf, NO_LIMIT, openCommitLog } from "./commitLogFixture.ts";
import { newAccount } from "./newAccount.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const { log, sign } = await openCommitLog(chain);
test.after(() => chain[Symbol.asyncDispose]());

type Signer = ReturnType<typeof newAccount>;
/** What the contract ought to hold of one group. */
type Node = { id: Hex; key: Signer; authority: Hex; index: number; children: number };

/** One attempt; numbers pick among what exists, so that every history makes sense. */
const attempts = fc.array(
  fc.record({
    parent: fc.nat(),
    strayParent: fc.boolean(),
    limit: fc.constantFrom(0, 1, 2, 3, NO_LIMIT),
    payload: fc.nat(3),
    zeroAuthority: fc.boolean(),
    signer: fc.constantFrom("parent", "parent", "parent", "stranger", "genesis"),
    batched: fc.boolean(),
  }),
  { minLength: 1, maxLength: 24 },
);

test("any history of appends leaves exactly the tree that the rules give", async () => {
  await fc.assert(fc.asyncProperty(attempts, replay), { numRuns: 25 });
});

async function replay(history: typeof attempts extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const genesis = newAccount();
  const group = groupOf(genesis);
  const tree: Node[] = [{ id: group, key: genesis, authority: zeroAddress, index: 0, children: 0 }];
  const authorities = [newAccount(), newAccount()] as const;
  let batch: { append: Append; expected: string }[] = [];
  const flush = async () => {
    await appendMany(batch);
    batch = [];
  };
  for (const attempt of history) {
    const parent = tree[attempt.parent % tree.length] as Node;
    const key = authorities[attempt.payload % 2 === 0 ? 0 : 1];
    const append = await sign(
      {
        group,
        parent: attempt.strayParent ? groupOf(newAccount()) : parent.id,
        limit: attempt.limit,
        authority: attempt.zeroAuthority ? zeroAddress : key.address,
        payload: `0x0${attempt.payload}`,
      },
      { parent: parent.key, stranger: newAccount(), genesis }[
        attempt.signer as "parent" | "stranger" | "genesis"
      ],
    );
    const entitled = attempt.signer === "parent" || (attempt.signer === "genesis" && parent.id === group);
    const expected = judge({ append, tree, entitled });
    if (expected === "landed") {
      tree.push({
        id: entryIdOf(append),
        key,
        authority: key.address,
        index: parent.children++,
        children: 0,
      });
    }
    if (attempt.batched) {
      batch.push({ append, expected });
      continue;
    }
    await flush();
    await appendOne(append, expected);
  }
  await flush();
  for (const { id, authority, index, children } of tree) {
    const { blockNumber, ...entry } = await log.read.entries([group, id]);
    assert.deepEqual(entry, { authority, index, children });
    assert.equal(blockNumber > 0, id !== group);
  }
}

/** The rules in the order of the contract. */
function judge(params: { append: Append; tree: readonly Node[]; entitled: boolean }): string {
  const { append, tree } = params;
  const parent = tree.find((node) => node.id === append.parent);
  if (append.authority === zeroAddress) return "ZeroAuthority";
  if (tree.some((node) => node.id === entryIdOf(append))) return "Exists";
  if (parent === undefined) return "UnknownParent";
  if (parent.children > append.limit) return "Stale";
  return params.entitled ? "landed" : "BadSignature";
}

async function appendOne(append: Append, expected: string): Promise<void> {
  if (expected === "landed") {
    await log.write.append(appendArgs(append));
  } else {
    assert.equal((await refusal(log.simulate.append(appendArgs(append)))).name, expected);
  }
}

async function appendMany(batch: readonly { append: Append; expected: string }[]): Promise<void> {
  const appends = batch.map(({ append }) => append);
  const { result } = await log.simulate.appendMany([appends]);
  const { events } = await chain.events(commitLogAbi, log.write.appendMany([appends]));
  const outcomes = events.map(({ name, args }) =>
    name === "Appended"
      ? "landed"
      : decodeErrorResult({ abi: commitLogAbi, data: args.refusal as Hex }).errorName,
  );
  assert.deepEqual(
    outcomes,
    batch.map(({ expected }) => expected),
  );
  assert.deepEqual(
    result.map(({ refusal: reason }) => reason === "0x"),
    batch.map(({ expected }) => expected === "landed"),
  );
}
