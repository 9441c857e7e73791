import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import {
  encodeFunctionData,
  getContract,
  type Hex,
  hexToBytes,
  slice,
  toFunctionSelector,
  toHex,
} from "viem";
import type { PrivateKeyAccount } from "viem/accounts";
import { identityRegistryAbi } from "../../src/chain/abi/identityRegistry.ts";
import { passkeyWalletsAbi } from "../../src/chain/abi/passkeyWallets.ts";
import { passkeyAddressOf } from "../../src/chain/layout/passkeyAddressOf.ts";
import { encodeAssertion } from "../../src/chain/sign/passkey/walletFromPasskey.ts";
import { asAddress } from "../../src/wire/ids.ts";
import type { Network } from "../../src/wire/network.ts";
import { softPasskey, USER_PRESENT } from "../support/softPasskey.ts";
import { newKey, openIdentityRegistry } from "./identityFixture.ts";
import { openChain, refusal, type TestChain } from "./openChain.ts";

const MAGIC = "0x1626ba7e"; // ERC-1271
/** What the registry gives a wallet: WalletSignature.ERC1271_GAS. */
const WALLET_GAS = 500_000n;
const abi = [
  {
    type: "function",
    name: "isValidSignature",
    stateMutability: "view",
    inputs: [
      { name: "hash", type: "bytes32" },
      { name: "signature", type: "bytes" },
    ],
    outputs: [{ name: "", type: "bytes4" }],
  },
] as const;

async function openWallets(chain: TestChain) {
  const address = await chain.deploy("PasskeyWallets");
  return getContract({ abi: passkeyWalletsAbi, address, client: chain.client });
}

const keyOf = ({ passkey }: { passkey: Uint8Array }) => {
  const key = toHex(passkey);
  return { x: slice(key, 0, 32), y: slice(key, 32) };
};

for (const kind of ["osaka", "cancun"] as const) {
  test(`on ${kind} a passkey's wallet stands where it was said, and takes its passkey's word alone`, async () => {
    await using chain = await openChain({ network: kind });
    const wallets = await openWallets(chain);
    const soft = softPasskey();
    const { passkey } = soft;
    const address = passkeyAddressOf({ network: { passkeyWallets: asAddress(wallets.address) }, passkey });
    assert.equal(asAddress(await wallets.read.walletOf([keyOf(soft)])), address);
    assert.equal(await chain.client.getCode({ address }), undefined);
    await wallets.write.create([keyOf(soft)]);
    await wallets.write.create([keyOf(soft)]);
    assert.ok(await chain.client.getCode({ address }));

    const hash = toHex(randomBytes(32));
    const say = async (signature: Hex, of = hash) => {
      const data = encodeFunctionData({ abi, functionName: "isValidSignature", args: [of, signature] });
      const answer = await chain.client.call({ to: address, data, gas: WALLET_GAS }).catch(() => undefined);
      return slice(answer?.data ?? "0x00000000", 0, 4);
    };
    const challenge = hexToBytes(hash);
    const good = soft.assert(challenge);
    const signature = encodeAssertion(good);
    assert.equal(await say(signature), MAGIC, "with the gas that the registry gives");

    const other = encodeAssertion(softPasskey().assert(challenge));
    const unverified = encodeAssertion(soft.assert(challenge, { flags: USER_PRESENT }));
    const made = encodeAssertion(soft.assert(challenge, { type: "webauthn.create" }));
    const cut = signature.slice(0, -128) as Hex;
    const longer = encodeAssertion({ ...good, authenticatorData: new Uint8Array(500) });
    const junk = [other, unverified, made, cut, longer, "0x", toHex(randomBytes(700))] as const;
    for (const bad of junk) assert.notEqual(await say(bad), MAGIC);
    assert.notEqual(await say(signature, toHex(randomBytes(32))), MAGIC);
    const original = await wallets.read.IMPLEMENTATION();
    const nobody = chain.client.readContract({
      ...{ address: original, abi, functionName: "isValidSignature" },
      args: [hash, signature],
    });
    assert.notEqual(await nobody, MAGIC);
  });

  test(`on ${kind} a wallet is made and registers in one transaction`, async () => {
    await using chain = await openChain({ network: kind });
    const wallets = await openWallets(chain);
    const { address: to, registry, addition } = await openIdentityRegistry(chain);
    const soft = softPasskey();
    const network = { passkeyWallets: asAddress(wallets.address) } as Network;
    const { address, signTypedData } = soft.walletOn(network);
    const [salt, installation] = [newKey(), newKey()];
    const inbox = await registry.read.inboxId([address, salt]);
    const key = { signTypedData } as unknown as PrivateKeyAccount;
    const [, , signature, consent] = await addition(inbox, { address, key }, installation);
    const args = [salt, installation, signature, consent] as const;
    const data = encodeFunctionData({ abi: identityRegistryAbi, functionName: "register", args });
    const hash = await wallets.write.createAndCall([[keyOf(soft)], to, data]);
    const { gasUsed, status } = await chain.client.getTransactionReceipt({ hash });
    assert.equal(status, "success");
    assert.equal(await registry.read.inboxOf([address]), inbox);
    const most = kind === "osaka" ? 320_000n : 600_000n;
    assert.ok(gasUsed < most, `${gasUsed}`);
    const again = wallets.simulate.createAndCall([[keyOf(soft)], to, data]);
    await assert.rejects(
      again,
      new RegExp(toFunctionSelector("InboxExists(bytes32)")),
      "the registry's own word",
    );
  });
}

test("a key that is no point of the curve has no wallet", async () => {
  await using chain = await openChain();
  const wallets = await openWallets(chain);
  const [x, y] = [newKey(), newKey()];
  assert.deepEqual(await refusal(wallets.simulate.create([{ x, y }])), { name: "BadKey", args: [x, y] });
});
