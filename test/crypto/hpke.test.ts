import assert from "node:assert/strict";
import { test } from "node:test";
import { randomBytes } from "#crypto";
import { deriveX25519KeyPair, dhkemX25519, openHpke, sealHpke, xwingKem } from "../../src/crypto/hpke.ts";
import { decapsulateXwing, encapsulateXwing, xwingKeyPairFromSeed } from "../../src/crypto/xwing.ts";
import { isWeftError } from "../../src/errors.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const toHex = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("hex");

test("RFC 9180, A.2.1: DeriveKeyPair and the first message of base mode with ChaCha20Poly1305", () => {
  const recipient = deriveX25519KeyPair(
    hex("1ac01f181fdf9f352797655161c58b75c656a6cc2716dcb66372da835542e1df"),
  );
  assert.equal(
    toHex(recipient.privateKey),
    "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
  );
  assert.equal(
    toHex(recipient.publicKey),
    "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
  );
  const plaintext = openHpke({
    kem: dhkemX25519,
    privateKey: recipient.privateKey,
    encapsulation: hex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a"),
    info: hex("4f6465206f6e2061204772656369616e2055726e"),
    aad: hex("436f756e742d30"),
    ciphertext: hex(
      "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
    ),
  });
  assert.equal(toHex(plaintext), toHex(new TextEncoder().encode("Beauty is truth, truth beauty")));
});

for (const [name, kem, recipient] of [
  ["DHKEM(X25519)", dhkemX25519, deriveX25519KeyPair(new Uint8Array(32))],
  ["X-Wing", xwingKem, xwingKeyPairFromSeed(new Uint8Array(32))],
] as const) {
  test(`HPKE with ${name} opens what it sealed, and nothing else`, () => {
    const info = randomBytes(9);
    const aad = randomBytes(5);
    const plaintext = randomBytes(300);
    const sealed = sealHpke({ kem, publicKey: recipient.publicKey, info, aad, plaintext });
    const opened = { kem, privateKey: recipient.privateKey, info, aad, ...sealed };
    assert.deepEqual(openHpke(opened), plaintext);
    assert.equal(openHpke({ ...opened, info: aad }), undefined);
    assert.equal(openHpke({ ...opened, aad: info }), undefined);
    assert.equal(openHpke({ ...opened, privateKey: randomBytes(32) }), undefined);
    assert.equal(openHpke({ ...opened, encapsulation: randomBytes(7) }), undefined);
    assert.equal(openHpke({ ...opened, ciphertext: sealed.ciphertext.subarray(1) }), undefined);
    assert.equal(openHpke({ ...opened, ciphertext: randomBytes(3) }), undefined);
  });

  test(`HPKE with ${name} refuses an unusable public key with a coded error`, () => {
    const empty = new Uint8Array(0);
    assert.throws(
      () => sealHpke({ kem, publicKey: randomBytes(31), info: empty, aad: empty, plaintext: empty }),
      (error) => isWeftError(error, "malformed"),
    );
  });
}

test("X-Wing: the first vector of draft-connolly-cfrg-xwing-kem", () => {
  const seed = hex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26");
  const pair = xwingKeyPairFromSeed(seed);
  assert.equal(toHex(pair.privateKey), toHex(seed));
  assert.equal(toHex(pair.publicKey.subarray(0, 8)), "e2236b35a8c24b39");
  const randomness = hex(
    "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
  );
  const made = encapsulateXwing({ publicKey: pair.publicKey, randomness });
  assert.ok(made);
  assert.equal(toHex(made.sharedSecret), "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384");
  assert.deepEqual(
    decapsulateXwing({ privateKey: pair.privateKey, encapsulation: made.encapsulation }),
    made.sharedSecret,
  );
});
