import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toHex, recoverAddress as viemRecoverAddress } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { keccak256 } from "../../src/crypto/keccak256.ts";
import { PRIVATE_KEY_SEED_LENGTH, privateKeyFromSeed } from "../../src/crypto/privateKeyFromSeed.ts";
import {
  addressFromPrivateKey,
  generateSecp256k1PrivateKey,
  recoverAddress,
  signDigest,
} from "../../src/crypto/secp256k1.ts";
import { isWeftError } from "../../src/errors.ts";

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

test("keccak256 of nothing is Ethereum's", () => {
  assert.equal(
    toHex(keccak256(new Uint8Array(0))),
    "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
  );
});

test("address and signature equal viem's", async () => {
  for (let i = 0; i < 5; i++) {
    const privateKey = generateSecp256k1PrivateKey();
    const account = privateKeyToAccount(toHex(privateKey));
    const digest = keccak256(Uint8Array.of(i));
    assert.equal(addressFromPrivateKey(privateKey), account.address.toLowerCase());
    const signature = signDigest({ privateKey, digest });
    assert.equal(toHex(signature), await account.sign({ hash: toHex(digest) }));
    assert.equal(recoverAddress({ digest, signature }), account.address.toLowerCase());
    assert.equal(
      await viemRecoverAddress({ hash: toHex(digest), signature: toHex(signature) }),
      account.address,
    );
  }
});

test("a signature with a high s, another v or another length recovers nothing", () => {
  const privateKey = generateSecp256k1PrivateKey();
  const digest = keccak256(privateKey);
  const signature = signDigest({ privateKey, digest });
  const s = BigInt(toHex(signature.subarray(32, 64)));
  const high = signature.slice();
  high.set(Buffer.from((order - s).toString(16).padStart(64, "0"), "hex"), 32);
  high[64] = 55 - (signature[64] ?? 0);
  assert.equal(recoverAddress({ digest, signature: high }), undefined);
  for (const v of [0, 1, 26, 29, 255]) {
    const other = signature.slice();
    other[64] = v;
    assert.equal(recoverAddress({ digest, signature: other }), undefined);
  }
  assert.equal(recoverAddress({ digest, signature: signature.subarray(1) }), undefined);
  assert.equal(recoverAddress({ digest: digest.subarray(1), signature }), undefined);
});

test("recovery of anything is an address or nothing, never an exception", () => {
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const signature = fc.uint8Array({ minLength: 64, maxLength: 66 });
  fc.assert(
    fc.property(digest, signature, fc.constantFrom(27, 28), (d, bytes, v) => {
      bytes[64] = v;
      const address = recoverAddress({ digest: d, signature: bytes });
      assert.ok(address === undefined || /^0x[0-9a-f]{40}$/.test(address));
    }),
    { numRuns: 60 },
  );
});

test("bad private keys and digests are coded errors", () => {
  const zeroKey = new Uint8Array(32);
  const malformed = (error: unknown) => isWeftError(error, "malformed");
  assert.throws(() => addressFromPrivateKey(zeroKey), malformed);
  assert.throws(() => signDigest({ privateKey: zeroKey, digest: new Uint8Array(32) }), malformed);
  const privateKey = generateSecp256k1PrivateKey();
  assert.throws(() => signDigest({ privateKey, digest: new Uint8Array(31) }), malformed);
});

test("every seed gives a valid private key, also the highest", () => {
  for (const curve of ["p256", "secp256k1"] as const) {
    for (const byte of [0x00, 0x01, 0xff]) {
      const key = privateKeyFromSeed({ curve, seed: new Uint8Array(PRIVATE_KEY_SEED_LENGTH).fill(byte) });
      assert.equal(key.length, 32);
      assert.ok(BigInt(toHex(key)) > 0n);
    }
  }
  assert.equal(
    addressFromPrivateKey(privateKeyFromSeed({ curve: "secp256k1", seed: new Uint8Array(48) })).length,
    42,
  );
  assert.throws(
    () => privateKeyFromSeed({ curve: "p256", seed: new Uint8Array(32) }),
    (error) => isWeftError(error, "malformed"),
  );
});
