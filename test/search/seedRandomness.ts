import crypto, { createPrivateKey } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { createRandom } from "./random.ts";

/**
 * Draws keys, nonces, ids and backoffs of this process from a seed until it is disposed. ECDSA over P-256 stays
 * random: its signatures decide nothing.
 */
export function seedRandomness(seed: number): Disposable {
  const random = createRandom(seed);
  const { randomFillSync, generateKeyPairSync } = crypto;
  const { getRandomValues } = globalThis.crypto;
  const mathRandom = Math.random;
  const fill = <T extends ArrayBufferView>(view: T): T => {
    random.fill(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    return view;
  };
  const generate = (type: "x25519" | "ed25519") => {
    const d = Buffer.from(fill(new Uint8Array(32))).toString("base64url");
    const crv = type === "x25519" ? "X25519" : "Ed25519";
    return { privateKey: createPrivateKey({ key: { kty: "OKP", crv, d, x: d }, format: "jwk" }) };
  };
  Object.assign(crypto, { randomFillSync: fill, generateKeyPairSync: generate });
  Object.assign(globalThis.crypto, { getRandomValues: fill });
  Math.random = random.next;
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]: () => {
      Object.assign(crypto, { randomFillSync, generateKeyPairSync });
      Object.assign(globalThis.crypto, { getRandomValues });
      Math.random = mathRandom;
      syncBuiltinESMExports();
    },
  };
}
