import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Hex, keccak256, toHex, zeroHash } from "viem";
import { nodeRegistryAbi } from "../../src/chain/abi/nodeRegistry.ts";
import {
  BOND,
  BURN_ADDRESS,
  type Header,
  LEAVE_DELAY_SECONDS,
  openNodeRegistry,
  signP256,
} from "./nodeFixture.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const fixture = await openNodeRegistry(chain);
const { registry, registerNode, header } = fixture;
test.after(() => chain[Symbol.asyncDispose]());

type Registered = Awaited<ReturnType<typeof registerNode>>;

/** Both headers signed by the node, as arguments of `reportEquivocation`. */
function evidence(node: Registered, a: Hex, b: Hex, side: "low" | "high" = "low") {
  return [a, signP256(node.key, a, side), b, signP256(node.key, b, side)] as const;
}

test("two conflicting headers disable the node, reward the reporter and burn the rest", async () => {
  const made = await registerNode(BOND);
  const { node, operator } = made;
  const reporter = await fixture.newOperator();
  const args = evidence(made, header(node), header(node, { firstSequence: 14n, root: keccak256("0x01") }));
  const burned = await chain.client.getBalance({ address: BURN_ADDRESS });
  const before = await chain.client.getBalance({ address: reporter.address });
  const mined = await chain.events(
    nodeRegistryAbi,
    registry.write.reportEquivocation(args, { account: reporter }),
  );
  const reward = BOND / 4n;
  assert.deepEqual(mined.events, [
    {
      name: "NodeDisabled",
      args: {
        node,
        reporter: reporter.address,
        bond: BOND,
        reward,
        headerA: args[0],
        signatureA: args[1],
        headerB: args[2],
        signatureB: args[3],
      },
    },
  ]);
  const fee = mined.receipt.gasUsed * mined.receipt.effectiveGasPrice;
  assert.equal((await chain.client.getBalance({ address: reporter.address })) - before + fee, reward);
  assert.equal((await chain.client.getBalance({ address: BURN_ADDRESS })) - burned, BOND - reward);
  const kept = await registry.read.nodes([node]);
  assert.deepEqual([kept.disabledBlock, kept.bond], [Number(mined.receipt.blockNumber), 0n]);
  assert.equal(await registry.read.isActive([node]), false);

  assert.deepEqual(await refusal(registry.simulate.reportEquivocation(args)), {
    name: "AlreadyDisabled",
    args: [node],
  });
  const restart = registry.simulate.restart([node, 2n], { account: operator });
  assert.deepEqual(await refusal(restart), { name: "NotActive", args: [node] });
  const leave = registry.simulate.startLeaving([node], { account: operator });
  assert.deepEqual(await refusal(leave), { name: "NotActive", args: [node] });
  assert.deepEqual(await refusal(registry.simulate.withdraw([node])), { name: "NotLeaving", args: [node] });
});

test("a node that is leaving is still liable, one that has withdrawn is only disabled", async () => {
  const leaving = await registerNode();
  await registry.write.startLeaving([leaving.node], { account: leaving.operator });
  const conflict = (made: Registered) =>
    evidence(made, header(made.node), header(made.node, { root: keccak256("0x01") }));
  await registry.write.reportEquivocation(conflict(leaving));
  await chain.client.increaseTime({ seconds: LEAVE_DELAY_SECONDS });
  await chain.client.mine({ blocks: 1 });
  assert.deepEqual(await refusal(registry.simulate.withdraw([leaving.node])), {
    name: "NothingToWithdraw",
    args: [leaving.node],
  });

  const gone = await registerNode();
  await registry.write.startLeaving([gone.node], { account: gone.operator });
  await chain.client.increaseTime({ seconds: LEAVE_DELAY_SECONDS });
  await registry.write.withdraw([gone.node]);
  const mined = await chain.events(nodeRegistryAbi, registry.write.reportEquivocation(conflict(gone)));
  assert.deepEqual([mined.events[0]?.args.bond, mined.events[0]?.args.reward], [0n, 0n]);
});

test("NoConflict: whatever is not two headers of one log that overlap", async () => {
  const made = await registerNode();
  const { node } = made;
  const base = header(node);
  const changed = (changes: Partial<Header>) => header(node, { root: keccak256("0x01"), ...changes });
  const harmless: [Hex, Hex][] = [
    [base, base],
    [base, changed({ firstSequence: 15n })],
    [base, changed({ firstSequence: 5n })],
    [base, changed({ count: 0 })],
    [base, changed({ firstSequence: 12n, count: 0 })],
    [base, changed({ generation: 2n })],
    [base, changed({ shard: 1 })],
    [base, changed({ node: keccak256(node) })],
    [base, changed({ chainId: 1n })],
    [base, changed({ registry: BURN_ADDRESS })],
    [base, changed({ domain: zeroHash })],
    [header(node, { domain: zeroHash }), changed({ domain: zeroHash })],
    [base, `${changed({})}00`],
    [base.slice(0, -2) as Hex, changed({})],
    ["0x", "0x"],
  ];
  for (const [a, b] of harmless) {
    for (const args of [evidence(made, a, b), evidence(made, b, a)]) {
      assert.deepEqual(await refusal(registry.simulate.reportEquivocation(args)), {
        name: "NoConflict",
        args: [],
      });
    }
  }
});

test("a header word with dirty upper bits is refused", async () => {
  const made = await registerNode();
  const clean = header(made.node);
  const at = 2 + 64 * 5; // shard
  const dirty = `${clean.slice(0, at)}ff${clean.slice(at + 2)}` as Hex;
  const call = registry.simulate.reportEquivocation(evidence(made, dirty, clean));
  assert.match((await refusal(call)).name, /without a reason/);
});

test("UnknownNode and BadSignature: nobody is disabled by what it did not sign", async () => {
  const [made, other] = [await registerNode(), await registerNode()];
  const unknown = keccak256(made.node);
  const stray = evidence(made, header(unknown), header(unknown, { root: keccak256("0x01") }));
  assert.deepEqual(await refusal(registry.simulate.reportEquivocation(stray)), {
    name: "UnknownNode",
    args: [unknown],
  });
  const [a, signatureA, b, signatureB] = evidence(made, header(made.node), header(made.node, { timeMs: 2n }));
  const forged = signP256(other.key, b);
  const bad = [
    [a, signatureA, b, forged],
    [a, forged, b, signatureB],
    [a, signatureB, b, signatureA],
    [a, "0x", b, signatureB],
    [a, signatureA, b, toHex(0, { size: 64 })],
  ] as const;
  for (const args of bad) {
    assert.deepEqual(await refusal(registry.simulate.reportEquivocation(args)), {
      name: "BadSignature",
      args: [],
    });
  }
});

test("any two ranges: a conflict exactly if they share a sequence", async () => {
  const made = await registerNode();
  const top = 2n ** 64n - 1n;
  const range = fc.record({
    firstSequence: fc.oneof(fc.bigInt(0n, 12n), fc.bigInt(top - 4n, top)),
    count: fc.oneof(fc.nat(6), fc.constant(2 ** 32 - 1)),
  });
  await fc.assert(
    fc.asyncProperty(range, range, async (a, b) => {
      const args = evidence(
        made,
        header(made.node, { ...a, timeMs: 1n }),
        header(made.node, { ...b, timeMs: 2n }),
      );
      const [endA, endB] = [a.firstSequence + BigInt(a.count), b.firstSequence + BigInt(b.count)];
      const overlap = a.firstSequence < endB && b.firstSequence < endA && a.count > 0 && b.count > 0;
      const call = registry.simulate.reportEquivocation(args);
      if (overlap) await call;
      else assert.equal((await refusal(call)).name, "NoConflict");
    }),
    { numRuns: 60 },
  );
});
