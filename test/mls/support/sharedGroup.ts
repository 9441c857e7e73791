import assert from "node:assert/strict";
import { readWhole } from "../../../src/mls/codec/read.ts";
import { decodePublicCommit } from "../../../src/mls/commit/publicCommit.ts";
import { decodeTree } from "../../../src/mls/decodeTree.ts";
import { encodeTree } from "../../../src/mls/encodeTree.ts";
import { exportSecret } from "../../../src/mls/exportSecret.ts";
import { enterGroup } from "../../../src/mls/joinGroup.ts";
import { keyPackageRef } from "../../../src/mls/keyPackageRef.ts";
import { members } from "../../../src/mls/members.ts";
import { openMessage } from "../../../src/mls/openMessage.ts";
import { sealMessage } from "../../../src/mls/sealMessage.ts";
import { readKeyPackage } from "../../../src/mls/welcome/keyPackage.ts";
import { openWelcome } from "../../../src/mls/welcome/openWelcome.ts";
import { addUnprofiled } from "./addUnprofiled.ts";
import {
  type CoreCryptoClient,
  coreCryptoName,
  theirEpoch,
  theirKeyPackage,
  theyCommit,
  theyJoin,
  theyProcess,
  theySeal,
} from "./coreCrypto.ts";
import { followUnprofiled } from "./followUnprofiled.ts";
import type { TestMember } from "./makeMember.ts";
import { type Change, follow, type Seat, stage } from "./testGroup.ts";
import { decodeWelcomeMessage, encodeWelcomeMessage, RATCHET_TREE } from "./welcomeMessage.ts";

/**
 * A group that Weft and OpenMLS share. Leaves of core-crypto's clients do not list Weft's group context among their
 * capabilities, so what judges them goes through the parts below `stageCommit`, `verifyCommit` and `joinGroup`; what
 * Weft's members commit of their own goes through the first two themselves.
 */
export type Group = { readonly seats: readonly Seat[]; readonly theirs: readonly CoreCryptoClient[] };

const EMPTY = new Uint8Array(0);

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
export async function weCommit(group: Group, by: number, change: Change): Promise<Group> {
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
export async function weAddThem(group: Group, by: number, joiner: CoreCryptoClient, withPath: boolean) {
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
export async function theyChange(
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
  const stayed = await theyFollow(group.theirs, commit, committer);
  for (const joiner of theirs) await theyJoin(joiner, welcome);
  const followed = group.seats.map((seat) => weFollow(seat, commit)).filter((seat) => seat !== undefined);
  const joined = ours.map((joiner) => weJoin(joiner, welcome));
  return agreed({ seats: [...followed, ...joined], theirs: [...stayed, ...theirs] });
}

/** Without the profile; undefined if the commit removes the seat. */
function weFollow(seat: Seat, commit: Uint8Array): Seat | undefined {
  const applied = followUnprofiled({ state: seat.state, message: decodePublicCommit(commit) });
  if (applied.kind === "removed") return undefined;
  assert.equal(applied.kind, "adopted");
  return { ...seat, state: applied.newState };
}

/** Those that are still members after a commit; its committer does not process it. */
async function theyFollow(
  theirs: readonly CoreCryptoClient[],
  commit: Uint8Array,
  committer?: CoreCryptoClient,
): Promise<CoreCryptoClient[]> {
  const after: CoreCryptoClient[] = [];
  for (const client of theirs) {
    if (client === committer) {
      after.push(client);
      continue;
    }
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
export async function talk(group: Group): Promise<Group> {
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

export function leafOf({ seats }: Group, number: number): number {
  const [seat] = seats;
  assert.ok(seat);
  const name = Buffer.from(coreCryptoName(number));
  const member = members(seat.state).find(({ identity }) => name.equals(identity));
  assert.ok(member);
  return member.leafIndex;
}
