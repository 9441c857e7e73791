import assert from "node:assert/strict";
import { test } from "node:test";
import {
  acceptAll,
  type ClientConfig,
  type ClientState,
  createApplicationMessage,
  createCommit,
  createGroup,
  decodeMlsMessage,
  defaultAuthenticationService,
  defaultKeyPackageEqualityConfig,
  defaultKeyRetentionConfig,
  defaultPaddingConfig,
  emptyPskIndex,
  encodeMlsMessage,
  generateKeyPackage,
  joinGroup,
  type KeyPackage,
  type MLSMessage,
  mlsExporter,
  type PrivateKeyPackage,
  type Proposal,
  processMessage,
} from "ts-mls";
import { decodeRatchetTree, encodeRatchetTree } from "ts-mls/ratchetTree.js";
import { encodeTree } from "../../src/mls/encodeTree.ts";
import { exportSecret } from "../../src/mls/exportSecret.ts";
import { joinGroup as weftJoin } from "../../src/mls/joinGroup.ts";
import { keyPackageRef } from "../../src/mls/keyPackageRef.ts";
import { WEFT_GROUP_CONTEXT } from "../../src/mls/limits.ts";
import { openMessage } from "../../src/mls/openMessage.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import type { StagedCommit } from "../../src/mls/stageCommit.ts";
import { makeMember, type TestMember } from "./support/makeMember.ts";
import { type Change, follow, found, groupId, joinWith, type Seat, stage } from "./support/testGroup.ts";
import { tsMlsSuite as suite } from "./support/tsMlsSuite.ts";
import { decodeWelcomeMessage, encodeWelcomeMessage } from "./support/welcomeMessage.ts";

/** Groups that Weft and ts-mls 1.6.4 share: adds, rotations and messages, which ts-mls does right. */

type Theirs = { state: ClientState };

const config: ClientConfig = {
  keyRetentionConfig: defaultKeyRetentionConfig,
  lifetimeConfig: { maximumTotalLifetime: 1n << 40n, validateLifetimeOnReceive: false },
  keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
  paddingConfig: defaultPaddingConfig,
  authService: defaultAuthenticationService,
};

type TheirPackage = { publicPackage: KeyPackage; privatePackage: PrivateKeyPackage };

function theirKeyPackage(name: string): Promise<TheirPackage> {
  return generateKeyPackage(
    { credentialType: "basic", identity: new TextEncoder().encode(name) },
    {
      versions: ["mls10"],
      ciphersuites: [suite.name],
      extensions: [WEFT_GROUP_CONTEXT],
      proposals: [],
      credentials: ["basic"],
    },
    { notBefore: 0n, notAfter: 4_000_000_000n },
    [],
    suite,
  );
}

const encodeKeyPackage = (keyPackage: KeyPackage) =>
  encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage }).subarray(4);

function decode<Format extends MLSMessage["wireformat"]>(bytes: Uint8Array, format: Format) {
  const message = decodeMlsMessage(bytes, 0)?.[0];
  assert.ok(message?.wireformat === format);
  return message as Extract<MLSMessage, { wireformat: Format }>;
}

async function theirExport(theirs: Theirs): Promise<Uint8Array> {
  return mlsExporter(theirs.state.keySchedule.exporterSecret, "both", Uint8Array.of(1), 48, suite);
}

const ourExport = (seat: Seat) =>
  exportSecret({ state: seat.state, label: "both", context: Uint8Array.of(1), length: 48 });

async function theyFollow(theirs: Theirs, commit: Uint8Array): Promise<Theirs> {
  const message = decode(commit, "mls_public_message");
  const processed = await processMessage(message, theirs.state, emptyPskIndex, acceptAll, suite);
  assert.equal(processed.kind, "newState");
  return { state: processed.newState };
}

async function theyCommit(theirs: Theirs, extraProposals: Proposal[]) {
  const options = { wireAsPublicMessage: true, extraProposals };
  const { newState, commit, welcome } = await createCommit(
    { state: theirs.state, cipherSuite: suite },
    options,
  );
  return { theirs: { state: newState }, commit: encodeMlsMessage(commit), welcome };
}

async function theyJoin(joiner: TheirPackage, staged: StagedCommit): Promise<Theirs> {
  assert.ok(staged.welcome);
  const { welcome } = decode(encodeWelcomeMessage(staged.welcome), "mls_welcome");
  const tree = decodeRatchetTree(encodeTree(staged.newState), 0)?.[0];
  assert.ok(tree);
  const { publicPackage, privatePackage } = joiner;
  const psks = emptyPskIndex;
  return {
    state: await joinGroup(welcome, publicPackage, privatePackage, psks, suite, tree, undefined, config),
  };
}

function weJoin(joiner: TestMember, made: Awaited<ReturnType<typeof theyCommit>>): Seat {
  assert.ok(made.welcome);
  const message = { version: "mls10", wireformat: "mls_welcome", welcome: made.welcome } as const;
  const { encryptedGroupInfo, groupSecrets } = decodeWelcomeMessage(encodeMlsMessage(message));
  const ref = Buffer.from(keyPackageRef(joiner.keyPackage));
  const part = groupSecrets.find((candidate) => ref.equals(candidate.keyPackageRef));
  assert.ok(part);
  const { state } = weftJoin({
    keyPackage: joiner.keyPackage,
    keyPackageSecrets: joiner.secrets,
    encryptedGroupSecrets: part.encryptedGroupSecrets,
    encryptedGroupInfo,
    ratchetTree: encodeRatchetTree(made.theirs.state.ratchetTree),
  });
  return { ...joiner, state };
}

async function talk(ours: Seat, theirs: Theirs): Promise<{ ours: Seat; theirs: Theirs }> {
  const plaintext = new TextEncoder().encode("across");
  const { state, signatureKey } = ours;
  const authenticatedData = new Uint8Array(0);
  const sealed = sealMessage({ state, signatureKey, plaintext, authenticatedData, padding: 9 });
  const message = decode(sealed.message, "mls_private_message");
  const processed = await processMessage(message, theirs.state, emptyPskIndex, acceptAll, suite);
  assert.ok(processed.kind === "applicationMessage");
  assert.deepEqual(processed.message, plaintext);
  const back = await createApplicationMessage(processed.newState, plaintext, suite, Uint8Array.of(4));
  const { privateMessage } = back;
  const bytes = encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage });
  const opened = openMessage({ state: sealed.newState, message: bytes });
  assert.ok(opened.kind === "opened");
  assert.deepEqual(opened.plaintext, plaintext);
  assert.deepEqual(opened.authenticatedData, Uint8Array.of(4));
  return { ours: { ...ours, state: opened.newState }, theirs: { state: back.newState } };
}

function weCommit(
  seats: readonly Seat[],
  by: number,
  change: Change,
): { seats: Seat[]; staged: StagedCommit } {
  const committer = seats[by];
  assert.ok(committer);
  const staged = stage(committer, change);
  const after = seats.map((seat, i) =>
    i === by ? { ...seat, state: staged.newState } : follow(seat, staged.commit),
  );
  return { seats: after.filter((seat) => seat !== undefined), staged };
}

const proposalToAdd = (member: TestMember): Proposal => {
  const bytes = new Uint8Array([0, 1, 0, 5, ...member.keyPackage]);
  return { proposalType: "add", add: { keyPackage: decode(bytes, "mls_key_package").keyPackage } };
};

test("ts-mls joins a Weft group, follows its adds and rotations, and both talk", async () => {
  const they = await theirKeyPackage("they");
  const package_ = {
    ...makeMember("unused"),
    name: "they",
    keyPackage: encodeKeyPackage(they.publicPackage),
  };
  const creator = found(makeMember("a"));
  const first = stage(creator, { adds: [package_, makeMember("x"), makeMember("y")] });
  let seats: Seat[] = [{ ...creator, state: first.newState }];
  let theirs = await theyJoin(they, first);
  const step = async (by: number, change: Change) => {
    const made = weCommit(seats, by, change);
    theirs = await theyFollow(theirs, made.staged.commit);
    seats = [...made.seats, ...(change.adds ?? []).map((joiner) => joinWith(joiner, made.staged))];
    for (const seat of seats) assert.deepEqual(ourExport(seat), await theirExport(theirs));
  };
  await step(0, {});
  await step(0, { adds: [makeMember("b"), makeMember("c")] });
  await step(1, {});
  await step(2, { groupContextExtension: Uint8Array.of(9) });
  await step(0, { adds: [makeMember("d")], forcePath: true });
  await step(3, {});
  const [speaker] = seats;
  assert.ok(speaker);
  await talk(speaker, theirs);
});

test("Weft joins a ts-mls group, follows its adds and rotations, and both talk", async () => {
  const they = await theirKeyPackage("they");
  const extensions = [{ extensionType: WEFT_GROUP_CONTEXT, extensionData: Uint8Array.of(1) }];
  const { publicPackage, privatePackage } = they;
  let theirs: Theirs = {
    state: await createGroup(groupId, publicPackage, privatePackage, extensions, suite, config),
  };
  const [a, b, c] = [makeMember("a"), makeMember("b"), makeMember("c")];
  const made = await theyCommit(theirs, [a, b].map(proposalToAdd));
  theirs = made.theirs;
  let seats = [a, b].map((joiner) => weJoin(joiner, made));
  const step = async (proposals: Proposal[], joiners: TestMember[] = []) => {
    const next = await theyCommit(theirs, proposals);
    theirs = next.theirs;
    seats = seats.map((seat) => follow(seat, next.commit)).filter((seat) => seat !== undefined);
    seats.push(...joiners.map((joiner) => weJoin(joiner, next)));
    for (const seat of seats) assert.deepEqual(ourExport(seat), await theirExport(theirs));
  };
  await step([]);
  await step([proposalToAdd(c)], [c]);
  const ours = weCommit(seats, 1, {});
  seats = ours.seats;
  theirs = await theyFollow(theirs, ours.staged.commit);
  await step([]);
  const [speaker] = seats;
  assert.ok(speaker);
  await talk(speaker, theirs);
});
