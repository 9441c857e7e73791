import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type AbiParameter,
  encodeAbiParameters,
  encodePacked,
  type Hex,
  keccak256,
  toHex,
  zeroAddress,
  zeroHash,
} from "viem";
import { nodeRegistryAbi } from "../../src/chain/abi/nodeRegistry.ts";
import {
  addresses,
  BOND,
  LEAVE_DELAY_SECONDS,
  newP256Key,
  openNodeRegistry,
  SERVED,
  SHARDS,
  signP256,
} from "./nodeFixture.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const fixture = await openNodeRegistry(chain);
const { registry, newOperator, registration, registerNode } = fixture;
type Addresses = {
  peerKey: Hex;
  peerProof: readonly [Hex, Hex];
  multiaddrs: readonly string[];
  httpAddress: string;
};
type Words = [Hex, Hex, Hex];

test.after(() => chain[Symbol.asyncDispose]());

const events = (hash: Promise<Hex>) => chain.events(nodeRegistryAbi, hash);

test("register: keeps and tells key, addresses, bond and generation", async () => {
  assert.equal(await registry.read.BOND(), BOND);
  const { operator, node, key, hash } = await registerNode(BOND + 5n);
  const mined = await events(Promise.resolve(hash));
  const expected = { x: key.x, y: key.y, shards: SERVED, addresses };
  assert.deepEqual(mined.events, [
    { name: "NodeRegistered", args: { node, operator: operator.address, bond: BOND + 5n, ...expected } },
  ]);
  assert.deepEqual(await registry.read.nodes([node]), {
    operator: operator.address,
    registeredBlock: Number(mined.receipt.blockNumber),
    leavingBlock: 0,
    bond: BOND + 5n,
    generation: 1n,
    withdrawableAt: 0,
    disabledBlock: 0,
    ...expected,
  });
  assert.equal(await registry.read.isActive([node]), true);
  assert.equal(await chain.client.getBalance({ address: fixture.address }), BOND + 5n);
});

test("register answers with the node id, which binds operator and key", async () => {
  const operator = await newOperator();
  const { node, key, args } = await registration(operator.address);
  const { result } = await registry.simulate.register(args, { account: operator, value: BOND });
  assert.equal(result, node);
  const parameters = [{ type: "address" }, { type: "bytes32" }, { type: "bytes32" }] as const;
  assert.equal(node, keccak256(encodeAbiParameters(parameters, [operator.address, key.x, key.y])));
  const message = encodePacked(
    ["string", "uint64", "address", "address", "bytes32"],
    ["weft.node.v1", BigInt(chain.client.chain.id), fixture.address, operator.address, node],
  );
  assert.equal(await registry.read.proofMessage([operator.address, node]), message);
});

test("register: too small a bond, a node twice, a proof for someone else", async () => {
  const operator = await newOperator();
  const { node, key, args } = await registration(operator.address);
  const poor = registry.simulate.register(args, { account: operator, value: BOND - 1n });
  assert.deepEqual(await refusal(poor), { name: "BondTooSmall", args: [BOND] });

  const thief = await newOperator();
  const stolen = registry.simulate.register(args, { account: thief, value: BOND });
  assert.deepEqual(await refusal(stolen), { name: "BadSignature", args: [] });

  const message = await registry.read.proofMessage([operator.address, node]);
  const strangersProof = signP256(newP256Key(), message);
  const otherRegistry = await openNodeRegistry(chain);
  const foreignProof = (await otherRegistry.registration(operator.address, key)).args[4];
  for (const proof of [strangersProof, foreignProof, "0x", `${args[4]}00`, args[4].slice(0, -2)] as Hex[]) {
    const [x, y, shards, where] = args;
    const call = registry.simulate.register([x, y, shards, where, proof], {
      account: operator,
      value: BOND,
    });
    assert.deepEqual(await refusal(call), { name: "BadSignature", args: [] });
  }
  await registry.write.register(args, { account: operator, value: BOND });
  const twice = registry.simulate.register(args, { account: operator, value: BOND });
  assert.deepEqual(await refusal(twice), { name: "NodeExists", args: [node] });
});

test("register: an operator may run several nodes, and a key off the curve proves nothing", async () => {
  const { operator } = await registerNode();
  const second = await registration(operator.address);
  await registry.write.register(second.args, { account: operator, value: BOND });
  const [x, , ...rest] = second.args;
  const call = registry.simulate.register([x, zeroHash, ...rest], { account: operator, value: BOND });
  assert.deepEqual(await refusal(call), { name: "BadSignature", args: [] });
});

test("BadAddresses: empty, too long or too many, at registration and after", async () => {
  const { operator, node } = await registerNode();
  const fresh = await registration(operator.address);
  const text = (length: number) => "a".repeat(length);
  const bad: Partial<Addresses>[] = [
    { peerKey: zeroHash },
    { multiaddrs: [] },
    { multiaddrs: Array.from({ length: 9 }, () => "/ip4/1.2.3.4/tcp/1") },
    { multiaddrs: ["/ip4/1.2.3.4/tcp/1", ""] },
    { multiaddrs: [text(257)] },
    { httpAddress: "" },
    { httpAddress: text(257) },
  ];
  for (const change of bad) {
    const where = { ...addresses, ...change };
    const call = registry.simulate.setAddresses([node, where], { account: operator });
    assert.deepEqual(await refusal(call), { name: "BadAddresses", args: [] });
    const [x, y, shards, , proof] = fresh.args;
    const born = registry.simulate.register([x, y, shards, where, proof], { account: operator, value: BOND });
    assert.deepEqual(await refusal(born), { name: "BadAddresses", args: [] });
  }
  const multiaddrs = Array.from({ length: 8 }, () => text(256));
  const largest = { ...addresses, multiaddrs, httpAddress: text(256) };
  await registry.write.setAddresses([node, largest], { account: operator });
  assert.deepEqual((await registry.read.nodes([node])).addresses, largest);
  assert.equal(await registry.read.MAX_MULTIADDRS(), 8n);
  assert.equal(await registry.read.MAX_ADDRESS_BYTES(), 256n);
});

test("setAddresses replaces all of them, whatever their number before", async () => {
  const { operator, node } = await registerNode();
  const list = fc.array(fc.string({ minLength: 1, maxLength: 60, unit: "grapheme-ascii" }), {
    minLength: 1,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(list, list, fc.bigInt(1n, 2n ** 256n - 1n), async (a, b, peer) => {
      const [peerKey, r, s] = [peer, peer ^ 1n, peer ^ 2n].map((n) => toHex(n, { size: 32 })) as Words;
      const [httpAddress = ""] = b;
      for (const multiaddrs of [a, b]) {
        const where = { peerKey, peerProof: [r, s] as const, multiaddrs, httpAddress };
        const mined = await events(registry.write.setAddresses([node, where], { account: operator }));
        assert.deepEqual(mined.events, [{ name: "AddressesSet", args: { node, addresses: where } }]);
        assert.deepEqual((await registry.read.nodes([node])).addresses, where);
      }
    }),
    { numRuns: 10 },
  );
});

test("restart opens the generation that is named, above the present one and not too far", async () => {
  const { operator, node } = await registerNode();
  const step = await registry.read.MAX_GENERATION_STEP();
  let present = 1n;
  for (const generation of [2n, 1_000n, 1_000n + step]) {
    for (const bad of [0n, present, present + step + 1n, 2n ** 64n - 1n]) {
      const refused = refusal(registry.simulate.restart([node, bad], { account: operator }));
      assert.deepEqual(await refused, { name: "BadGeneration", args: [present] });
    }
    const mined = await events(registry.write.restart([node, generation], { account: operator }));
    assert.deepEqual(mined.events, [{ name: "NodeRestarted", args: { node, generation } }]);
    assert.equal((await registry.read.nodes([node])).generation, generation);
    present = generation;
  }
});

test("checkpoint anchors the log of the current generation", async () => {
  const { operator, node } = await registerNode();
  await registry.write.restart([node, 2n], { account: operator });
  const headerHash = keccak256("0x01");
  const mined = await events(registry.write.checkpoint([node, 2, 99n, headerHash], { account: operator }));
  assert.deepEqual(mined.events, [
    { name: "Checkpoint", args: { node, shard: 2, generation: 2n, sequence: 99n, headerHash } },
  ]);
  const nowhere = registry.simulate.checkpoint([node, SHARDS, 99n, headerHash], { account: operator });
  assert.deepEqual(await refusal(nowhere), { name: "BadShards", args: [] });
});

test("leaving: the bond is free after the delay, to the second, and only once", async () => {
  const { operator, node } = await registerNode(2n * BOND);
  assert.equal(await registry.read.LEAVE_DELAY_SECONDS(), LEAVE_DELAY_SECONDS);
  assert.deepEqual(await refusal(registry.simulate.withdraw([node])), { name: "NotLeaving", args: [node] });
  const left = await events(registry.write.startLeaving([node], { account: operator }));
  const { timestamp } = await chain.client.getBlock();
  const withdrawableAt = Number(timestamp) + LEAVE_DELAY_SECONDS;
  assert.deepEqual(left.events, [{ name: "NodeLeaving", args: { node, withdrawableAt } }]);
  const kept = await registry.read.nodes([node]);
  assert.deepEqual(
    [kept.leavingBlock, kept.withdrawableAt],
    [Number(left.receipt.blockNumber), withdrawableAt],
  );
  assert.equal(await registry.read.isActive([node]), false);

  await chain.client.setNextBlockTimestamp({ timestamp: BigInt(withdrawableAt - 1) });
  await chain.client.mine({ blocks: 1 });
  assert.deepEqual(await refusal(registry.simulate.withdraw([node], { blockTag: "latest" })), {
    name: "TooEarly",
    args: [withdrawableAt],
  });
  await chain.client.setNextBlockTimestamp({ timestamp: BigInt(withdrawableAt) });
  const before = await chain.client.getBalance({ address: operator.address });
  const paid = await events(registry.write.withdraw([node])); // by anyone
  assert.deepEqual(paid.events, [
    { name: "BondWithdrawn", args: { node, operator: operator.address, bond: 2n * BOND } },
  ]);
  assert.equal((await chain.client.getBalance({ address: operator.address })) - before, 2n * BOND);
  assert.deepEqual(await refusal(registry.simulate.withdraw([node])), {
    name: "NothingToWithdraw",
    args: [node],
  });
});

test("withdraw: TransferFailed where the operator takes no money", async () => {
  const operator = await chain.deploy("RefusingOperator");
  const { abi } = await chain.artifact("RefusingOperator");
  const { node, args } = await registration(operator);
  const call = { abi, address: operator, value: BOND } as const;
  await chain.client.writeContract({ ...call, functionName: "register", args: [fixture.address, ...args] });
  await chain.client.writeContract({
    ...call,
    functionName: "startLeaving",
    args: [fixture.address, node],
    value: 0n,
  });
  await chain.client.increaseTime({ seconds: LEAVE_DELAY_SECONDS });
  await chain.client.mine({ blocks: 1 });
  assert.deepEqual(await refusal(registry.simulate.withdraw([node])), { name: "TransferFailed", args: [] });
});

test("a node's own calls: refused for unknown nodes, strangers, and nodes that are leaving", async () => {
  const { operator, node } = await registerNode();
  const stranger = await newOperator();
  const calls = (id: Hex, account: typeof operator) => [
    () => registry.simulate.setAddresses([id, addresses], { account }),
    () => registry.simulate.setShards([id, 1n], { account }),
    () => registry.simulate.restart([id, 2n], { account }),
    () => registry.simulate.checkpoint([id, 0, 1n, zeroHash], { account }),
    () => registry.simulate.startLeaving([id], { account }),
  ];
  const unknown = keccak256(node);
  for (const call of calls(unknown, operator)) {
    assert.deepEqual(await refusal(call()), { name: "UnknownNode", args: [unknown] });
  }
  for (const call of calls(node, stranger)) {
    assert.deepEqual(await refusal(call()), { name: "NotOperator", args: [node] });
  }
  await registry.write.startLeaving([node], { account: operator });
  for (const call of calls(node, operator)) {
    assert.deepEqual(await refusal(call()), { name: "NotActive", args: [node] });
  }
});

test("what is not there reads as zero", async () => {
  const nobody = await registry.read.nodes([zeroHash]);
  assert.equal(nobody.operator, zeroAddress);
  assert.equal(nobody.generation, 0n);
  assert.equal(await registry.read.isActive([zeroHash]), false);
});

test("nodeWords: a hash of each node's present fields; zero if unknown", async () => {
  const { node, operator } = await registerNode();
  const read = async () => (await registry.read.nodeWords([[node, zeroHash]])) as [Hex, Hex];
  const expected = async () => {
    const getter = nodeRegistryAbi.find((item) => item.type === "function" && item.name === "nodes");
    const outputs = getter?.type === "function" ? getter.outputs : [];
    return keccak256(
      encodeAbiParameters(outputs as readonly AbiParameter[], [await registry.read.nodes([node])]),
    );
  };
  const before = await read();
  assert.deepEqual(before, [await expected(), zeroHash]);
  await registry.write.restart([node, 2n], { account: operator });
  const restarted = await read();
  assert.deepEqual(restarted, [await expected(), zeroHash]);
  assert.notEqual(restarted[0], before[0]);
});

/** Shifts n into the place that `nodeWords` gives for the n-th block of a dropped record. */
const at = (block: number, place: bigint) => BigInt(block) << (48n * place);

test("drop: frees the record of a node that left or was disabled; its id never comes back", async () => {
  const own = await openNodeRegistry(chain);
  const { read, write, simulate } = own.registry;
  const left = await own.registerNode();
  const disabled = await own.registerNode();
  const active = await own.registerNode();
  assert.equal(await read.nodeCount(), 3n);
  const early = async () => await refusal(simulate.drop([left.node]));
  assert.deepEqual(await early(), { name: "NotEnded", args: [left.node] });
  await write.startLeaving([left.node], { account: left.operator });
  assert.deepEqual(await early(), { name: "NotEnded", args: [left.node] });
  await chain.client.increaseTime({ seconds: LEAVE_DELAY_SECONDS });
  await chain.client.mine({ blocks: 1 });
  assert.deepEqual(await early(), { name: "NotEnded", args: [left.node] });
  await write.withdraw([left.node]);
  const [a, b] = [own.header(disabled.node), own.header(disabled.node, { root: keccak256("0x01") })];
  const evidence = [a, signP256(disabled.key, a), b, signP256(disabled.key, b)] as const;
  await write.reportEquivocation(evidence);

  for (const [i, { node, operator, args }] of [left, disabled].entries()) {
    const before = await read.nodes([node]);
    const mined = await events(write.drop([node])); // by anyone
    assert.deepEqual(mined.events, [{ name: "NodeDropped", args: { node } }]);
    assert.equal(await read.nodeCount(), BigInt(2 - i));
    const word = at(before.registeredBlock, 0n) | at(before.leavingBlock, 1n) | at(before.disabledBlock, 2n);
    assert.deepEqual(await read.nodeWords([[node, active.node, zeroHash]]), [
      toHex(word, { size: 32 }),
      (await read.nodeWords([[active.node]]))[0],
      zeroHash,
    ]);
    assert.equal(await read.isActive([node]), false);
    assert.deepEqual(await refusal(simulate.drop([node])), { name: "UnknownNode", args: [node] });
    const again = simulate.register(args, { account: operator, value: BOND });
    assert.deepEqual(await refusal(again), { name: "NodeExists", args: [node] });
  }
  assert.deepEqual(await refusal(simulate.withdraw([left.node])), {
    name: "NothingToWithdraw",
    args: [left.node],
  });
  assert.deepEqual(await refusal(simulate.reportEquivocation(evidence)), {
    name: "UnknownNode",
    args: [disabled.node],
  });
  assert.deepEqual(await refusal(simulate.drop([zeroHash])), { name: "UnknownNode", args: [zeroHash] });
});

test("shards: a node serves some that there are, and may change its mind", async () => {
  assert.equal(await registry.read.SHARDS(), SHARDS);
  const { operator, node, args } = await registerNode();
  for (const shards of [0n, 0b1000n, 0b1111n, 2n ** 255n]) {
    const call = registry.simulate.setShards([node, shards], { account: operator });
    assert.deepEqual(await refusal(call), { name: "BadShards", args: [] });
    const fresh = await registration(operator.address);
    const [x, y, , where, proof] = fresh.args;
    const born = registry.simulate.register([x, y, shards, where, proof], { account: operator, value: BOND });
    assert.deepEqual(await refusal(born), { name: "BadShards", args: [] });
  }
  assert.equal((await registry.read.nodes([node])).shards, args[2]);
  const mined = await events(registry.write.setShards([node, 0b110n], { account: operator }));
  assert.deepEqual(mined.events, [{ name: "ShardsSet", args: { node, shards: 0b110n } }]);
  assert.equal((await registry.read.nodes([node])).shards, 0b110n);
});

test("shards: a network has 1 to 256", async () => {
  for (const none of [0, 257]) {
    await assert.rejects(openNodeRegistry(chain, none));
  }
  const most = await openNodeRegistry(chain, 256);
  const { operator, node } = await most.registerNode();
  await most.registry.write.setShards([node, 2n ** 256n - 1n], { account: operator });
  assert.equal((await most.registry.read.nodes([node])).shards, 2n ** 256n - 1n);
});

test("peerProofMessage: domain, chain, registry, node", async () => {
  const { node } = await registerNode();
  const message = encodePacked(
    ["string", "uint64", "address", "bytes32"],
    ["weft.peer.v1", BigInt(chain.client.chain.id), fixture.address, node],
  );
  assert.equal(await registry.read.peerProofMessage([node]), message);
});
