import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeKeyPackage } from "../../src/mls/decodeKeyPackage.ts";
import { verifyCommit } from "../../src/mls/verifyCommit.ts";
import { addUnprofiled } from "./support/addUnprofiled.ts";
import {
  coreCryptoName,
  openCoreCrypto,
  theirKeyPackage,
  theyCommit,
  theyFound,
  theyJoin,
} from "./support/coreCrypto.ts";
import { makeMember } from "./support/makeMember.ts";
import { runSharedHistory, sharedHistories } from "./support/runSharedHistory.ts";
import { type Group, leafOf, talk, theyChange, weAddThem, weCommit } from "./support/sharedGroup.ts";
import { found } from "./support/testGroup.ts";
import { withX509 } from "./support/withX509.ts";

/** Groups that Weft and OpenMLS share, as core-crypto 10.3.0 has it: joins, messages, adds, rotations and removals. */

const ourMember = (number: number) => makeMember(coreCryptoName(number));

test("OpenMLS joins a Weft group, both add, rotate and remove, and all talk", async () => {
  const [x, y, z] = await Promise.all([1, 2, 3].map(openCoreCrypto));
  assert.ok(x && y && z);
  let group: Group = { seats: [found(ourMember(11))], theirs: [] };
  group = await talk(await weAddThem(group, 0, x, false));
  group = await weCommit(group, 0, {});
  group = await weCommit(group, 0, { adds: [ourMember(12), ourMember(13)] });
  group = await talk(await theyChange(group, 0, {}));
  group = await weCommit(group, 1, { groupContextExtension: Uint8Array.of(9) });
  group = await weAddThem(group, 2, y, true);
  group = await talk(await theyChange(group, 1, { theirs: [z] }));
  group = await weCommit(group, 0, { adds: [ourMember(14)], forcePath: true });
  group = await theyChange(group, 2, { removes: [12] });
  assert.equal(group.seats.length, 3);
  group = await talk(await weCommit(group, 2, { removes: [leafOf(group, 2)] }));
  assert.equal(group.theirs.length, 2);
});

test("Weft joins an OpenMLS group, both add, rotate and remove, and all talk", async () => {
  const [x, y] = await Promise.all([1, 2].map(openCoreCrypto));
  assert.ok(x && y);
  await theyFound(x);
  let group: Group = { seats: [], theirs: [x] };
  const ours = [11, 12, 13].map((number) => withX509(ourMember(number)));
  group = await talk(await theyChange(group, 0, { ours, theirs: [y] }));
  group = await weCommit(group, 1, {});
  group = await weCommit(group, 2, { adds: [withX509(ourMember(14))] });
  group = await theyChange(group, 1, {});
  group = await weCommit(group, 3, { removes: [leafOf(group, 11), leafOf(group, 2)] });
  assert.deepEqual([group.seats.length, group.theirs.length], [3, 1]);
  group = await talk(await theyChange(group, 0, { removes: [13] }));
  assert.equal(group.seats.length, 2);
});

test("random histories: Weft and OpenMLS agree after every step", async () => {
  const seed = Date.now() % 2 ** 31;
  console.log(`seed ${seed}`);
  const agrees = fc.asyncProperty(sharedHistories(30), runSharedHistory);
  await fc.assert(agrees, { seed, numRuns: 12 });
});

test("each refuses what its profile lacks, and says so", async () => {
  const [x, y] = await Promise.all([1, 2].map(openCoreCrypto));
  assert.ok(x && y);
  const keyPackage = await theirKeyPackage(x);
  assert.throws(() => decodeKeyPackage(keyPackage), {
    code: "outside-profile",
    message: /lacks a capability/,
  });
  const seat = found(ourMember(11));
  const { welcome } = addUnprofiled({ seat, keyPackage, bare: true });
  await assert.rejects(theyJoin(x, welcome), saying("No ratchet tree available"));
  const { seats } = await weAddThem({ seats: [seat], theirs: [] }, 0, x, false);
  const [state] = seats.map((one) => one.state);
  assert.ok(state);
  const { commit } = await theyCommit(x);
  assert.deepEqual(verifyCommit({ state, commit }), { kind: "refused", reason: "outside-profile" });
  await theyFound(y);
  const adds = [ourMember(12).keyPackage];
  await assert.rejects(theyCommit(y, { adds }), saying("Credentials are not acceptable"));
});

/** What core-crypto says is not in the error's message. */
const saying = (what: string) => (error: Error) => JSON.stringify(error).includes(what);
