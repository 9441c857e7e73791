import assert from "node:assert/strict";
import { test } from "node:test";
import { readWhole } from "../../src/mls/codec/read.ts";
import { decodePublicCommit } from "../../src/mls/commit/publicCommit.ts";
import { decodeKeyPackage } from "../../src/mls/decodeKeyPackage.ts";
import { decodeTree } from "../../src/mls/decodeTree.ts";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { exportSecret } from "../../src/mls/exportSecret.ts";
import { enterGroup } from "../../src/mls/joinGroup.ts";
import { keyPackageRef } from "../../src/mls/keyPackageRef.ts";
import { BASIC_CREDENTIAL } from "../../src/mls/limits.ts";
import { members } from "../../src/mls/members.ts";
import { openMessage } from "../../src/mls/openMessage.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import { signLeafNode } from "../../src/mls/tree/leafNode.ts";
import { verifyCommit } from "../../src/mls/verifyCommit.ts";
import { readKeyPackage, signKeyPackage } from "../../src/mls/welcome/keyPackage.ts";
import { openWelcome } from "../../src/mls/welcome/openWelcome.ts";
import { addUnprofiled } from "./support/addUnprofiled.ts";
import {
  type CoreCryptoClient,
  coreCryptoName,
  openCoreCrypto,
  theirEpoch,
  theirKeyPackage,
  theyCommit,
  theyFound,
  theyJoin,
  theyProcess,
  theySeal,
} from "./support/coreCrypto.ts";
import { followUnprofiled } from "./support/followUnprofiled.ts";
import { makeMember, type TestMember } from "./support/makeMember.ts";
import { type Change, follow, found, type Seat, stage } from "./support/testGroup.ts";
import { decodeWelcomeMessage, encodeWelcomeMessage, RATCHET_TREE } from "./support/welcomeMessage.ts";

/**
 * Groups that Weft and OpenMLS share. Clients of core-crypto do not list Weft's group context among their
 * capabilities, so what judges their leaves goes through the parts below `stageCommit`, `verifyCommit` and `joinGroup`;
 * all that Weft's own members commit goes through those themselves.
 */

type Group = { readonly seats: readonly Seat[]; readonly theirs: readonly CoreCryptoClient[] };

const X509_CREDENTIAL = 2;
const EMPTY = new Uint8Array(0);

const ourMember = (number: number) => makeMember(coreCryptoName(number));

/** Groups of core-crypto require that of every leaf; the profile allows it. */
function withX509(member: TestMember): TestMember {
  const { initKey, leaf } = readWhole(member.keyPackage, readKeyPackage);
  const { privateKey } = member.signatureKey;
  const credentials = [BASIC_CREDENTIAL, X509_CREDENTIAL];
  const able = signLeafNode({
    leaf: { ...leaf, capabilities: { ...leaf.capabilities, credentials } },
    privateKey,
  });
  return { ...member, keyPackage: signKeyPackage({ initKey, leaf: able, privateKey }).encoded };
}

/** By a Welcome in one MLSMessage; the tree is in it unless it is given. */
function weJoin(joiner: TestMember, welcome: Uint8Array, ratchetTree?: Uint8Array): Seat {
  const { groupSecrets: parts, encryptedGroupInfo } = decodeWelcomeMessage(welcome);
  const ref = Buffer.from(keyPackageRef(joiner.keyPackage));
  const part = parts.find((candidate) => ref.equals(candidate.keyPackageRef));
  assert.ok(part);
  const { initPrivateKey, encryptionPrivateKey } = joiner.secrets;
  const { groupSecrets, groupInfo } = openWelcome({ initPrivateKey, encryptedGroupInfo, ...part });
  const tree = ratchetTree ?? groupInfo.extensions.find(({ type }) => type === RATCHET_TREE)?.content;
  assert.ok(tree);
  const keyPackage = readWhole(joiner.keyPackage, readKeyPackage);
  const state = enterGroup({
    ...{ keyPackage, encryptionPrivateKey, groupSecrets, groupInfo },
    tree: decodeTree(tree),
  });
  return { ...joiner, state };
}

/** A commit of ours, through the whole engine; who is removed on either side leaves the group. */
async function weCommit(group: Group, by: number, change: Change): Promise<Group> {
  const committer = group.seats[by];
  assert.ok(committer);
  const staged = stage(committer, change);
  const followed = group.seats.map((seat, i) =>
    i === by ? { ...seat, state: staged.newState } : follow(seat, staged.commit),
  );
  const theirs = await theyFollow(group.theirs, staged.commit);
  const joined = (change.adds ?? []).map((joiner) => {
    assert.ok(staged.welcome);
    return weJoin(joiner, encodeWelcomeMessage(staged.welcome), encodeTree(staged.newState));
  });
  return agreed({ seats: [...followed.filter((seat) => seat !== undefined), ...joined], theirs });
}

/** A client of theirs is added by one of us. */
async function weAddThem(group: Group, by: number, joiner: CoreCryptoClient, withPath: boolean) {
  const seat = group.seats[by];
  assert.ok(seat);
  const keyPackage = await theirKeyPackage(joiner);
  const added = addUnprofiled({ seat, keyPackage, withPath });
  const seats = group.seats.map((one, i) => (i === by ? added.seat : weFollow(one, added.commit)));
  const theirs = await theyFollow(group.theirs, added.commit);
  await theyJoin(joiner, added.welcome);
  return agreed({ seats: seats.filter((one) => one !== undefined), theirs: [...theirs, joiner] });
}

/** A commit of theirs: joiners of both sides come in by its Welcome. */
async function theyChange(
  group: Group,
  by: number,
  change: { ours?: TestMember[]; theirs?: CoreCryptoClient[]; removes?: number[] },
): Promise<Group> {
  const committer = group.theirs[by];
  assert.ok(committer);
  const { ours = [], theirs = [], removes } = change;
  const adds = [
    ...ours.map(({ keyPackage }) => keyPackage),
    ...(await Promise.all(theirs.map(theirKeyPackage))),
  ];
  const { commit, welcome = EMPTY } = await theyCommit(committer, {
    ...(adds.length > 0 && { adds }),
    ...(removes && { removes }),
  });
  const others = await theyFollow(
    group.theirs.filter((one) => one !== committer),
    commit,
  );
  for (const joiner of theirs) await theyJoin(joiner, welcome);
  const followed = group.seats.map((seat) => weFollow(seat, commit)).filter((seat) => seat !== undefined);
  const joined = ours.map((joiner) => weJoin(joiner, welcome));
  return agreed({ seats: [...followed, ...joined], theirs: [committer, ...others, ...theirs] });
}

/** Without the profile; undefined if the commit removes the seat. */
function weFollow(seat: Seat, commit: Uint8Array): Seat | undefined {
  const applied = followUnprofiled({ state: seat.state, message: decodePublicCommit(commit) });
  if (applied.kind === "removed") return undefined;
  assert.equal(applied.kind, "adopted");
  return { ...seat, state: applied.newState };
}

/** Those that are still members after a commit of somebody else. */
async function theyFollow(theirs: readonly CoreCryptoClient[], commit: Uint8Array) {
  const after: CoreCryptoClient[] = [];
  for (const client of theirs) {
    const processed = await theyProcess(client, commit);
    assert.ok(processed.tag === "Commit");
    if (processed.inner.isActive) after.push(client);
  }
  return after;
}

/** The same group if all are in the same epoch, with the same secret of it. */
async function agreed(group: Group): Promise<Group> {
  const views = [
    ...group.seats.map(({ state }) => ({
      epoch: state.context.epoch,
      secret: exportSecret({ state, label: "exporter", context: EMPTY, length: 32 }),
    })),
    ...(await Promise.all(group.theirs.map(theirEpoch))),
  ];
  for (const view of views) assert.deepEqual(view, views[0]);
  return group;
}

/** Everyone says something that everyone else opens. */
async function talk(group: Group): Promise<Group> {
  let { seats } = group;
  for (const speaker of seats.keys()) {
    const seat = seats[speaker];
    assert.ok(seat);
    const plaintext = new TextEncoder().encode(`across, ${seat.name}`);
    const { state, signatureKey } = seat;
    const sealed = sealMessage({ state, signatureKey, plaintext, authenticatedData: EMPTY, padding: 9 });
    seats = seats.map((one, i) =>
      i === speaker ? { ...one, state: sealed.newState } : weOpen(one, sealed.message, plaintext),
    );
    for (const client of group.theirs) await theyOpen(client, sealed.message, plaintext);
  }
  for (const speaker of group.theirs) {
    const plaintext = new TextEncoder().encode(`back, ${speaker.number}`);
    const message = await theySeal(speaker, plaintext);
    seats = seats.map((seat) => weOpen(seat, message, plaintext));
    for (const client of group.theirs) if (client !== speaker) await theyOpen(client, message, plaintext);
  }
  return { ...group, seats };
}

function weOpen(seat: Seat, message: Uint8Array, plaintext: Uint8Array): Seat {
  const opened = openMessage({ state: seat.state, message });
  assert.ok(opened.kind === "opened");
  assert.deepEqual(opened.plaintext, plaintext);
  return { ...seat, state: opened.newState };
}

async function theyOpen(client: CoreCryptoClient, message: Uint8Array, plaintext: Uint8Array) {
  const opened = await theyProcess(client, message);
  assert.ok(opened.tag === "Text");
  assert.deepEqual(opened.inner.plaintext, plaintext);
}

function leafOf({ seats }: Group, number: number): number {
  const [seat] = seats;
  assert.ok(seat);
  const name = Buffer.from(coreCryptoName(number));
  const member = members(seat.state).find(({ identity }) => name.equals(identity));
  assert.ok(member);
  return member.leafIndex;
}

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
