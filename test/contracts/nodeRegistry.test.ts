import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type AbiParameter,
  encodeAbiParameters,
  encodePacked,
  type Hex,
  keccak256,
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
  signP256,
} from "./nodeFixture.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const fixture = await openNodeRegistry(chain);
const { registry, newOperator, registration, registerNode } = fixture;
test.after(() => chain[Symbol.asyncDispose]());

const events = (hash: Promise<Hex>) => chain.events(nodeRegistryAbi, hash);

test("register: keeps and tells key, addresses, bond and generation", async () => {
  assert.equal(await registry.read.BOND(), BOND);
  const { operator, node, key, hash } = await registerNode(BOND + 5n);
  const mined = await events(Promise.resolve(hash));
  const expected = { x: key.x, y: key.y, ...addresses };
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
  const foreignProof = (await otherRegistry.registration(operator.address, key)).args[5];
  for (const proof of [strangersProof, foreignProof, "0x", `${args[5]}00`, args[5].slice(0, -2)] as Hex[]) {
    const [x, y, peerId, multiaddrs, httpAddress] = args;
    const call = registry.simulate.register([x, y, peerId, multiaddrs, httpAddress, proof], {
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
  const bytes = (length: number): Hex => `0x${"aa".repeat(length)}`;
  const { peerId, multiaddrs, httpAddress } = addresses;
  const bad: [Hex, readonly string[], string][] = [
    ["0x", multiaddrs, httpAddress],
    [bytes(65), multiaddrs, httpAddress],
    [peerId, [], httpAddress],
    [peerId, Array.from({ length: 9 }, () => "/ip4/1.2.3.4/tcp/1"), httpAddress],
    [peerId, ["/ip4/1.2.3.4/tcp/1", ""], httpAddress],
    [peerId, [text(257)], httpAddress],
    [peerId, multiaddrs, ""],
    [peerId, multiaddrs, text(257)],
  ];
  for (const change of bad) {
    const call = registry.simulate.setAddresses([node, ...change], { account: operator });
    assert.deepEqual(await refusal(call), { name: "BadAddresses", args: [] });
    const [x, y, , , , proof] = fresh.args;
    const born = registry.simulate.register([x, y, ...change, proof], { account: operator, value: BOND });
    assert.deepEqual(await refusal(born), { name: "BadAddresses", args: [] });
  }
  const largest = [bytes(64), Array.from({ length: 8 }, () => text(256)), text(256)] as const;
  await registry.write.setAddresses([node, ...largest], { account: operator });
  assert.equal(await registry.read.MAX_PEER_ID_BYTES(), 64n);
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
    fc.asyncProperty(list, list, fc.uint8Array({ minLength: 1, maxLength: 64 }), async (a, b, peer) => {
      const peerId: Hex = `0x${Buffer.from(peer).toString("hex")}`;
      const [httpAddress = ""] = b;
      for (const multiaddrs of [a, b]) {
        const hash = registry.write.setAddresses([node, peerId, multiaddrs, httpAddress], {
          account: operator,
        });
        const mined = await events(hash);
        assert.deepEqual(mined.events, [
          { name: "AddressesSet", args: { node, peerId, multiaddrs, httpAddress } },
        ]);
        const kept = await registry.read.nodes([node]);
        assert.deepEqual([kept.peerId, kept.multiaddrs, kept.httpAddress], [peerId, multiaddrs, httpAddress]);
      }
    }),
    { numRuns: 10 },
  );
});

test("restart opens the next generation", async () => {
  const { operator, node } = await registerNode();
  assert.equal((await registry.simulate.restart([node], { account: operator })).result, 2n);
  for (const generation of [2n, 3n]) {
    const mined = await events(registry.write.restart([node], { account: operator }));
    assert.deepEqual(mined.events, [{ name: "NodeRestarted", args: { node, generation } }]);
    assert.equal((await registry.read.nodes([node])).generation, generation);
  }
});

test("checkpoint anchors the log of the current generation", async () => {
  const { operator, node } = await registerNode();
  await registry.write.restart([node], { account: operator });
  const headerHash = keccak256("0x01");
  const mined = await events(registry.write.checkpoint([node, 3, 99n, headerHash], { account: operator }));
  assert.deepEqual(mined.events, [
    { name: "Checkpoint", args: { node, shard: 3, generation: 2n, sequence: 99n, headerHash } },
  ]);
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
  const { peerId, multiaddrs, httpAddress } = addresses;
  const calls = (id: Hex, account: typeof operator) => [
    () => registry.simulate.setAddresses([id, peerId, multiaddrs, httpAddress], { account }),
    () => registry.simulate.restart([id], { account }),
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
  await registry.write.restart([node], { account: operator });
  const restarted = await read();
  assert.deepEqual(restarted, [await expected(), zeroHash]);
  assert.notEqual(restarted[0], before[0]);
});

test("nodeIds pages through all nodes in the order of registration", async () => {
  const own = await openNodeRegistry(chain);
  const ids: Hex[] = [];
  for (let i = 0; i < 5; i++) ids.push((await own.registerNode()).node);
  assert.equal(await own.registry.read.nodeCount(), 5n);
  assert.ok((await own.registry.read.DEPLOYED_BLOCK()) > 0);
  const word = fc.oneof(fc.bigInt(0n, 7n), fc.constant(2n ** 256n - 1n));
  await fc.assert(
    fc.asyncProperty(word, word, async (from, count) => {
      const page = await own.registry.read.nodeIds([from, count]);
      const start = Number(from < 5n ? from : 5n);
      assert.deepEqual(page, ids.slice(start, start + Number(count < 5n ? count : 5n)));
    }),
  );
});
