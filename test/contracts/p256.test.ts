import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Hex, keccak256, toHex } from "viem";
import { BOND, newP256Key, openNodeRegistry, signP256 } from "./nodeFixture.ts";
import { openChain, refusal } from "./openChain.ts";

const PRECOMPILE = "0x0000000000000000000000000000000000000100";
const SIGNATURES = 12;

for (const network of ["osaka", "cancun"] as const) {
  describe(`P-256 ${network === "osaka" ? "by precompile" : "in Solidity, the precompile missing"}`, async () => {
    const chain = await openChain({ network });
    const { registry, newOperator, registration, registerNode, header } = await openNodeRegistry(chain);
    test.after(() => chain[Symbol.asyncDispose]());

    test("the precompile is there or not", async () => {
      const { data } = await chain.client.call({ to: PRECOMPILE, data: await validInput() });
      assert.equal(data, network === "osaka" ? toHex(1, { size: 32 }) : undefined);
    });

    test("either s is accepted, by any key", async () => {
      const operator = await newOperator();
      for (let i = 0; i < SIGNATURES; i++) {
        const { node, key, args } = await registration(operator.address);
        const message = await registry.read.proofMessage([operator.address, node]);
        const [x, y, shards, addresses] = args;
        for (const side of ["low", "high"] as const) {
          const proof = signP256(key, message, side);
          await registry.simulate.register([x, y, shards, addresses, proof], {
            account: operator,
            value: BOND,
          });
        }
      }
    });

    test("no changed signature, message or key is accepted", async () => {
      const operator = await newOperator();
      const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
      const word = (value: bigint) => toHex(value, { size: 32 }).slice(2);
      const { args } = await registration(operator.address);
      const [x, y, shards, addresses, proof] = args;
      const [r, s] = [proof.slice(2, 66), proof.slice(66)];
      const proofs = [
        ...[0, 1, 17, 31, 32, 45, 63].map((at) => flipByte(proof, at)),
        ...[0n, order, order + 1n, 2n ** 256n - 1n].flatMap((v) => [`0x${r}${word(v)}`, `0x${word(v)}${s}`]),
        `0x${s}${r}`,
      ] as Hex[];
      for (const wrong of proofs) {
        const call = registry.simulate.register([x, y, shards, addresses, wrong], {
          account: operator,
          value: BOND,
        });
        assert.deepEqual(await refusal(call), { name: "BadSignature", args: [] });
      }
    });

    test("a node registers and is disabled for equivocation", async () => {
      const { node, key } = await registerNode();
      const [a, b] = [header(node), header(node, { root: keccak256("0x01") })];
      await registry.write.reportEquivocation([a, signP256(key, a, "high"), b, signP256(key, b, "low")]);
      assert.equal(await registry.read.isActive([node]), false);
    });
  });
}

test("an answer of the precompile's address that is not one word equal to 1 proves nothing", async () => {
  const chain = await openChain({ network: "cancun" });
  try {
    const { registry, newOperator, registration } = await openNodeRegistry(chain);
    const operator = await newOperator();
    const { args } = await registration(operator.address);
    const stranger = await registration(operator.address);
    const [x, y, shards, addresses] = args;
    const call = () =>
      registry.simulate.register([x, y, shards, addresses, stranger.args[4]], {
        account: operator,
        value: BOND,
      });
    const answers: Hex[] = [
      "0x", // nothing
      "0x60025f5260205ff3", // the word 2
      "0x60015f5260405ff3", // the word 1 and another
      "0x60015f53601f5ff3", // 31 bytes
      "0x5f5ffd", // a revert
    ];
    for (const bytecode of answers) {
      await chain.client.setCode({ address: PRECOMPILE, bytecode });
      assert.deepEqual(await refusal(call()), { name: "BadSignature", args: [] });
    }
    await chain.client.setCode({ address: PRECOMPILE, bytecode: "0x60015f5260205ff3" }); // the word 1
    await call();
  } finally {
    await chain[Symbol.asyncDispose]();
  }
});

async function validInput(): Promise<Hex> {
  const key = newP256Key();
  const signature = signP256(key, "0x01");
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array([1]));
  return `0x${Buffer.from(digest).toString("hex")}${signature.slice(2)}${key.x.slice(2)}${key.y.slice(2)}`;
}

function flipByte(bytes: Hex, at: number): Hex {
  const position = 2 + 2 * at;
  const flipped = Number.parseInt(bytes.slice(position, position + 2), 16) ^ 0x80;
  return `${bytes.slice(0, position)}${flipped.toString(16).padStart(2, "0")}${bytes.slice(position + 2)}` as Hex;
}
