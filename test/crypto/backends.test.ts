import assert from "node:assert/strict";
import { test } from "node:test";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import type { CryptoBackend } from "../../src/crypto/api.ts";
import { isUsableX25519 } from "../../src/crypto/isUsableX25519.ts";
import * as nobleBackend from "../../src/crypto/nobleBackend.ts";
import * as nodeBackend from "../../src/crypto/nodeBackend.ts";

const node: CryptoBackend = nodeBackend;
const noble: CryptoBackend = nobleBackend;
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

function same<T>(name: string, arbitrary: fc.Arbitrary<T>, compute: (b: CryptoBackend, input: T) => unknown) {
  test(`both backends agree: ${name}`, () => {
    fc.assert(
      fc.property(arbitrary, (input) => {
        assert.deepEqual(compute(node, input), compute(noble, input));
      }),
      { numRuns: 40 },
    );
  });
}

/** Crosses the backends: what one makes the other must accept. */
function crossed(name: string, check: (maker: CryptoBackend, taker: CryptoBackend) => void) {
  test(`one backend accepts what the other made: ${name}`, () => {
    for (let i = 0; i < 10; i++) {
      check(node, noble);
      check(noble, node);
    }
  });
}

test("both backends export exactly the functions of CryptoBackend", () => {
  assert.deepEqual(Object.keys(nodeBackend).sort(), Object.keys(nobleBackend).sort());
  assert.equal(Object.keys(nodeBackend).length, 22);
});

same("sha256", bytes(300), (b, input) => b.sha256(input));
same("the start of sha256", bytes(300), (b, input) => {
  const whole = b.sha256(input);
  assert.equal(b.sha256Start(input), new DataView(whole.buffer, whole.byteOffset).getUint32(0));
});
same("shake256", fc.record({ bytes: bytes(300), length: fc.integer({ min: 1, max: 400 }) }), (b, input) =>
  b.shake256(input),
);
same("hmacSha256", fc.record({ key: bytes(150), bytes: bytes(300) }), (b, input) => b.hmacSha256(input));
same("hkdfExtract", fc.record({ salt: bytes(80), ikm: bytes(80) }), (b, input) => b.hkdfExtract(input));
same(
  "hkdfExpand",
  fc.record({ prk: exactly(32), info: bytes(80), length: fc.integer({ min: 1, max: 200 }) }),
  (b, input) => b.hkdfExpand(input),
);
test("both backends agree: scrypt", async () => {
  // RFC 7914, section 12, has this one with r = 8 and p = 1.
  const [password, salt] = ["pleaseletmein", "SodiumChloride"].map((text) => new TextEncoder().encode(text));
  assert.ok(password && salt);
  for (const backend of [node, noble]) {
    const key = await backend.scrypt({ password, salt, log2N: 14, length: 32 });
    const expected = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2";
    assert.equal(Buffer.from(key).toString("hex"), expected);
  }
});
same(
  "sealAead",
  fc.record({ key: exactly(32), nonce: exactly(12), aad: bytes(90), plaintext: bytes(5000) }),
  (b, input) => b.sealAead(input),
);
same(
  "openAead of anything",
  fc.record({ key: exactly(32), nonce: exactly(12), aad: bytes(90), ciphertext: bytes(90) }),
  (b, input) => b.openAead(input),
);
same("x25519PublicKey", exactly(32), (b, key) => b.x25519PublicKey(key));
same(
  "x25519 with any public key",
  fc.record({ privateKey: exactly(32), publicKey: fc.oneof(exactly(32), bytes(40)) }),
  (b, input) => b.x25519(input),
);
same("ed25519PublicKey", exactly(32), (b, key) => b.ed25519PublicKey(key));
same("signEd25519", fc.record({ privateKey: exactly(32), message: bytes(200) }), (b, input) =>
  b.signEd25519(input),
);
same(
  "verifyEd25519 of anything",
  fc.record({ publicKey: bytes(33), message: bytes(20), signature: bytes(65) }),
  (b, input) => b.verifyEd25519(input),
);
same(
  "verifyP256 of anything",
  fc.record({ publicKey: exactly(33), message: bytes(20), signature: exactly(64) }),
  (b, input) => b.verifyP256(input),
);
same(
  "uncompressP256 of anything",
  fc
    .tuple(fc.oneof(exactly(33), exactly(65), bytes(2)), fc.option(fc.nat({ max: 7 })))
    .map(([key, form]) => (form === null ? key : Uint8Array.from(key, (byte, i) => (i === 0 ? form : byte)))),
  (b, key) => b.uncompressP256(key),
);

crossed("AEAD", (maker, taker) => {
  const key = maker.randomBytes(32);
  const nonce = maker.randomBytes(12);
  const aad = maker.randomBytes(7);
  const plaintext = maker.randomBytes(70);
  const ciphertext = maker.sealAead({ key, nonce, aad, plaintext });
  assert.deepEqual(taker.openAead({ key, nonce, aad, ciphertext }), plaintext);
  ciphertext[3] = (ciphertext[3] ?? 0) ^ 1;
  assert.equal(taker.openAead({ key, nonce, aad, ciphertext }), undefined);
  assert.equal(taker.openAead({ key, nonce, aad, ciphertext: ciphertext.subarray(0, 15) }), undefined);
});

crossed("X25519", (maker, taker) => {
  const a = maker.generateX25519();
  const b = taker.generateX25519();
  assert.deepEqual(
    maker.x25519({ privateKey: a.privateKey, publicKey: b.publicKey }),
    taker.x25519({ privateKey: b.privateKey, publicKey: a.publicKey }),
  );
  assert.equal(maker.x25519({ privateKey: a.privateKey, publicKey: new Uint8Array(32) }), undefined);
});

crossed("Ed25519", (maker, taker) => {
  const { privateKey, publicKey } = maker.generateEd25519();
  const message = maker.randomBytes(50);
  const signature = maker.signEd25519({ privateKey, message });
  assert.equal(taker.verifyEd25519({ publicKey, message, signature }), true);
  signature[40] = (signature[40] ?? 0) ^ 1;
  assert.equal(taker.verifyEd25519({ publicKey, message, signature }), false);
});

crossed("P-256, low s only", (maker, taker) => {
  const { privateKey, publicKey } = maker.generateP256();
  assert.deepEqual(taker.p256PublicKey(privateKey), publicKey);
  const message = maker.randomBytes(50);
  const signature = maker.signP256({ privateKey, message });
  assert.equal(taker.verifyP256({ publicKey, message, signature }), true);
  const whole = maker.uncompressP256(publicKey) ?? new Uint8Array();
  assert.equal(whole.length, 65);
  assert.deepEqual(taker.uncompressP256(publicKey), whole);
  assert.deepEqual(taker.uncompressP256(whole), whole);
  assert.equal(maker.verifyP256({ publicKey, message, signature: withHighS(signature) }), false);
  assert.equal(taker.verifyP256({ publicKey, message, signature: withHighS(signature) }), false);
  assert.equal(taker.verifyP256({ publicKey, message: new Uint8Array(1), signature }), false);
});

test("both backends refuse Ed25519 keys of small order, under which a signature fits many messages", () => {
  const message = new TextEncoder().encode("m");
  for (const publicKey of smallOrderPoints()) {
    for (const r of smallOrderPoints()) {
      const signature = new Uint8Array(64);
      signature.set(r);
      assert.equal(node.verifyEd25519({ publicKey, message, signature }), false);
      assert.equal(noble.verifyEd25519({ publicKey, message, signature }), false);
    }
  }
});

test("both backends refuse an Ed25519 signature that only the cofactor would make valid", () => {
  const { publicKey, message, signature } = cofactoredSignature();
  assert.equal(ed25519.verify(signature, message, publicKey), true, "valid with the cofactor");
  assert.equal(node.verifyEd25519({ publicKey, message, signature }), false);
  assert.equal(noble.verifyEd25519({ publicKey, message, signature }), false);
});

test("exactly the X25519 keys that yield no shared secret, or are spelled twice, are unusable", () => {
  const smallOrder = [
    "00".repeat(32),
    `01${"00".repeat(31)}`,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    `ec${"ff".repeat(30)}7f`,
    `ed${"ff".repeat(30)}7f`,
    `ee${"ff".repeat(30)}7f`,
  ].map((hex) => new Uint8Array(Buffer.from(hex, "hex")));
  const { privateKey, publicKey } = node.generateX25519();
  for (const low of smallOrder) {
    assert.equal(node.x25519({ privateKey, publicKey: low }), undefined);
    assert.equal(noble.x25519({ privateKey, publicKey: low }), undefined);
    assert.equal(isUsableX25519(low), false);
  }
  const secondSpelling = publicKey.slice();
  secondSpelling[31] = (secondSpelling[31] ?? 0) | 0x80;
  assert.equal(isUsableX25519(publicKey), true);
  assert.equal(isUsableX25519(secondSpelling), false);
  assert.equal(isUsableX25519(publicKey.subarray(1)), false);
});

test("a private key that its owner overwrote is not used from a cache", () => {
  for (const backend of [node, noble]) {
    const { privateKey } = backend.generateEd25519();
    const message = new Uint8Array(3);
    const before = backend.signEd25519({ privateKey, message });
    privateKey.fill(7);
    const after = backend.signEd25519({ privateKey, message });
    assert.notDeepEqual(after, before);
    assert.deepEqual(after, backend.signEd25519({ privateKey: new Uint8Array(32).fill(7), message }));
  }
});

test("more public keys than the cache holds still verify", () => {
  const { privateKey, publicKey } = node.generateEd25519();
  const message = new Uint8Array(3);
  const signature = node.signEd25519({ privateKey, message });
  for (let i = 0; i < 5000; i++) {
    const other = new Uint8Array(32);
    new DataView(other.buffer).setUint32(0, i);
    assert.equal(node.verifyEd25519({ publicKey: other, message, signature }), false);
  }
  assert.equal(node.verifyEd25519({ publicKey, message, signature }), true);
});

function withHighS(signature: Uint8Array): Uint8Array {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
  const high = signature.slice();
  high.set(Buffer.from((order - s).toString(16).padStart(64, "0"), "hex"), 32);
  return high;
}

/** The eight points whose order divides the cofactor, and their encodings that are not canonical. */
function smallOrderPoints(): Uint8Array[] {
  const generator = ed25519.Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
  const points = Array.from({ length: 8 }, (_, i) => generator.multiplyUnsafe(BigInt(i)).toBytes());
  const nonCanonical = [
    `ee${"ff".repeat(30)}7f`,
    `ed${"ff".repeat(30)}7f`,
    `ee${"ff".repeat(31)}`,
    `01${"00".repeat(30)}80`,
    `ec${"ff".repeat(31)}`,
  ];
  return [...points, ...nonCanonical.map((hex) => new Uint8Array(Buffer.from(hex, "hex")))];
}

/** An honest signature whose R was moved by a point of order 8, with s made for the moved R. */
function cofactoredSignature() {
  const { Point, utils } = ed25519;
  const secret = new Uint8Array(32).fill(9);
  const { scalar, pointBytes: publicKey } = utils.getExtendedPublicKey(secret);
  const message = new TextEncoder().encode("split the group");
  const nonce = 12_345n;
  const torsion = Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
  const r = Point.BASE.multiply(nonce).add(torsion).toBytes();
  const challenge = ed25519Challenge(r, publicKey, message);
  const s = (nonce + challenge * scalar) % Point.Fn.ORDER;
  const signature = new Uint8Array(64);
  signature.set(r);
  signature.set(Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse(), 32);
  return { publicKey, message, signature };
}

function ed25519Challenge(r: Uint8Array, publicKey: Uint8Array, message: Uint8Array): bigint {
  const digest = Buffer.from(sha512(Buffer.concat([r, publicKey, message])));
  return BigInt(`0x${digest.reverse().toString("hex")}`) % ed25519.Point.Fn.ORDER;
}

test("keys and messages in Buffers, whose slices are no copies, are taken and left as they are", () => {
  for (const backend of [node, noble]) {
    for (let i = 0; i < 8; i++) {
      const { privateKey, publicKey } = backend.generateEd25519();
      const message = Buffer.from("hello");
      const signature = Buffer.from(backend.signEd25519({ privateKey: Buffer.from(privateKey), message }));
      const held = Buffer.from(publicKey);
      assert.equal(backend.verifyEd25519({ publicKey: held, message, signature }), true);
      assert.deepEqual(held, Buffer.from(publicKey));
    }
  }
});
