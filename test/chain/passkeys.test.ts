import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { sha256 } from "#crypto";
import { fromDer } from "../../src/chain/sign/passkey/askPasskey.ts";
import { concatBytes } from "../../src/crypto/concatBytes.ts";
import { recoverP256 } from "../../src/crypto/recoverP256.ts";
import { createPasskey, findPasskey, walletFromPasskey } from "../../src/index.ts";
import { toHex } from "../../src/wire/ids.ts";
import { softPasskey } from "../support/softPasskey.ts";
import { testNetwork } from "../support/testNetwork.ts";

test("where there is no browser there are no passkeys, and no wallets where the network has none", async () => {
  await assert.rejects(createPasskey({ name: "alice" }), { code: "no-passkey" });
  await assert.rejects(findPasskey(), { code: "no-passkey" });
  const passkey = { id: "0x01", key: toHex(softPasskey().passkey), domain: "localhost" } as const;
  assert.throws(() => walletFromPasskey({ passkey, network: testNetwork }), { code: "bad-config" });
  const network = { ...testNetwork, passkeyWallets: testNetwork.nodeRegistry };
  for (const key of ["0x12", "key"] as const) {
    const wrong = { ...passkey, key: key as `0x${string}` };
    assert.throws(() => walletFromPasskey({ passkey: wrong, network }), { code: "malformed" }, key);
  }
  const { signTypedData } = walletFromPasskey({ passkey, network });
  const types = { Message: [{ name: "text", type: "string" }] };
  const domain = { chainId: 1, verifyingContract: testNetwork.nodeRegistry };
  const data = { domain, types, primaryType: "Message", message: { text: "hi" } };
  await assert.rejects(signTypedData(data), { code: "no-passkey" });
});

test("a signature in another form than DER's is malformed, and two signatures tell the key", () => {
  const integer = (bytes: Uint8Array) => concatBytes(Uint8Array.of(2, bytes.length), bytes);
  const one = Uint8Array.of(1);
  const der = (...parts: Uint8Array[]) => concatBytes(Uint8Array.of(0x30, 0), ...parts);
  const [r, s] = [fromDer(der(integer(one), integer(one))).subarray(0, 32), one];
  assert.equal(r.at(-1), 1);
  const bad = [
    new Uint8Array(),
    der(integer(one)),
    der(integer(one), integer(new Uint8Array(0))),
    der(integer(new Uint8Array(33).fill(0xff)), integer(s)),
    der(integer(one), Uint8Array.of(2, 40, 1)),
    Uint8Array.from(randomBytes(70)).fill(0, 2, 3),
  ];
  for (const bytes of bad) assert.throws(() => fromDer(bytes), { code: "malformed" });

  const soft = softPasskey();
  const [first, second] = [1, 2].map(() => {
    const { authenticatorData, clientData, signature } = soft.assert(randomBytes(32));
    const digest = sha256(concatBytes(authenticatorData, sha256(clientData)));
    return recoverP256({ digest, signature }).map(toHex);
  });
  assert.deepEqual(
    first?.filter((key) => second?.includes(key)),
    [toHex(soft.passkey)],
  );
});
