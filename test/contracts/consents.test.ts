import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesToHex, hexToBytes } from "viem";
import { type Authorization, newKey, newWallet, openIdentityRegistry } from "./identityFixture.ts";
import { openChain, refusal } from "./openChain.ts";

const chain = await openChain();
const identity = await openIdentityRegistry(chain);
const { simulate, write } = identity.registry;
test.after(() => chain[Symbol.asyncDispose]());

/** Every message type with a call that carries its consent, all of one inbox and all valid as they are. */
async function everyCall() {
  const { inbox, wallet } = await identity.registerInbox();
  const linked = newWallet();
  await write.linkWallet(await identity.link(inbox, wallet, linked));
  const pending = newWallet().address;
  await write.setRecovery(await identity.recovery("SetRecovery", inbox, pending, wallet));

  const [, key, keySignature, adding] = await identity.addition(inbox, wallet, newKey());
  const [, linking, accepting] = await identity.link(inbox, wallet, newWallet());
  const [, , unlinking] = await identity.unlinking(inbox, linked.address, linked);
  const heir = newWallet().address;
  const [, , proposing] = await identity.recovery("SetRecovery", inbox, heir, wallet);
  const [, , vetoing] = await identity.recovery("VetoRecovery", inbox, pending, wallet);
  type Call = { consent: Authorization; send: (consent: Authorization) => Promise<unknown> };
  const calls: Record<string, Call> = {
    AddInstallation: {
      consent: adding,
      send: (c) => simulate.addInstallation([inbox, key, keySignature, c]),
    },
    LinkWallet: { consent: linking, send: (c) => simulate.linkWallet([inbox, c, accepting]) },
    AcceptLink: { consent: accepting, send: (c) => simulate.linkWallet([inbox, linking, c]) },
    UnlinkWallet: { consent: unlinking, send: (c) => simulate.unlinkWallet([inbox, linked.address, c]) },
    SetRecovery: { consent: proposing, send: (c) => simulate.setRecovery([inbox, heir, c]) },
    VetoRecovery: { consent: vetoing, send: (c) => simulate.vetoRecovery([inbox, pending, c]) },
  };
  return calls;
}

const calls = await everyCall();
const kinds = Object.keys(calls);

test("each consent is good for its own call and for no other", async () => {
  for (const [kind, { send }] of Object.entries(calls)) {
    await send(calls[kind]?.consent as Authorization);
    for (const other of kinds.filter((name) => name !== kind)) {
      const { name } = await refusal(send(calls[other]?.consent as Authorization));
      assert.match(name, /BadSignature|NotLinked|NotAllowed|AlreadyLinked|BadNonce/, `${other} for ${kind}`);
    }
  }
});

test("a consent with any byte or field changed is refused", async () => {
  const change = fc.oneof(
    fc.record({ at: fc.nat(64), flip: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ nonce: fc.bigInt(0n, 2n ** 256n - 1n) }),
    fc.record({ deadline: fc.bigInt(0n, 2n ** 256n - 1n) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...kinds), change, async (kind, changed) => {
      const { consent, send } = calls[kind] as (typeof calls)[string];
      if ("at" in changed) {
        const bytes = hexToBytes(consent.signature);
        bytes[changed.at] = (bytes[changed.at] ?? 0) ^ changed.flip;
        const { name } = await refusal(send({ ...consent, signature: bytesToHex(bytes) }));
        assert.equal(name, "BadSignature");
      } else if ("nonce" in changed) {
        fc.pre(changed.nonce !== consent.nonce);
        assert.equal((await refusal(send({ ...consent, ...changed }))).name, "BadNonce");
      } else {
        fc.pre(changed.deadline !== consent.deadline);
        assert.match((await refusal(send({ ...consent, ...changed }))).name, /Expired|BadSignature/);
      }
    }),
    { numRuns: 150 },
  );
});
