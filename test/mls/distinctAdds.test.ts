import assert from "node:assert/strict";
import { test } from "node:test";
import { distinctAdds } from "../../src/mls/distinctAdds.ts";
import { makeMember } from "./support/makeMember.ts";
import { foundWith, stage } from "./support/testGroup.ts";

test("what repeats a key of the tree or of an earlier Add is left out, and the rest can be committed", () => {
  const [alice, bob] = foundWith(["alice", "bob"]);
  assert.ok(alice && bob);
  const carol = makeMember("carol");
  const again = makeMember("bob, another key package", bob.signatureKey);
  const invited = [carol, bob, again, carol, makeMember("dave")];
  const distinct = distinctAdds({ state: alice.state, adds: invited.map(({ keyPackage }) => keyPackage) });
  assert.deepEqual([...distinct], [0, 4]);
  assert.throws(() => stage(alice, { adds: invited }), { code: "malformed" });
  const staged = stage(alice, { adds: invited.filter((_, i) => distinct.has(i)) });
  assert.equal(staged.welcome?.groupSecrets.length, 2);
});
