import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { privateKeyToAccount } from "viem/accounts";
import {
  addMembers,
  catchUp,
  createGroup,
  groupStatus,
  leaveGroup,
  listMembers,
  removeMembers,
  renameGroup,
  revokeInstallation,
  sendMessage,
  setOnline,
} from "../../src/index.ts";
import { utf8 } from "../../src/wire/bytes.ts";
import { type Address, asAddress, fromHex, type GroupId, type Hex } from "../../src/wire/ids.ts";
import { findNames, type Secret } from "../support/findNames.ts";
import {
  namesByPlace,
  type Piece,
  piecesExported,
  piecesOfRequest,
  startLoggedNetwork,
} from "../support/nodeRecord.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { type RecordedMessage, recordingConnect } from "../support/recordCalls.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

const delivered = { kind: "delivered" } as const;
const NAMES = ["Friends of the old harbour", "Harbour, the new list"] as const;
const TEXTS = [
  "we meet where the lamps are broken",
  "bring what was agreed upon",
  "said from the phone",
] as const;

type Sent = RecordedMessage & { readonly by: string };

async function settle(intent: Promise<{ settled: Promise<unknown> }>): Promise<void> {
  assert.deepEqual(await (await intent).settled, delivered);
}

async function say(by: TestClient, group: GroupId, text: string, readers: readonly TestClient[]) {
  await settle(sendMessage({ ...by, group, text }));
  for (const reader of readers)
    await until(`${text} is read`, async () => (await texts(reader, group)).includes(text));
}

/** What docs/protocol/privacy.md lists as visible: by place, the kinds of names that may be in it. */
async function visible(): Promise<Map<string, ReadonlySet<string>>> {
  const text = await readFile(new URL("../../docs/protocol/privacy.md", import.meta.url), "utf8");
  const rows = text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const head = rows.find((cells) => cells[1] === "place") ?? [];
  const kinds = ["group", "inbox", "wallet", "installation"];
  const listed = rows.flatMap((cells) => {
    const places = [...(cells[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, place]) => place ?? "");
    const names = new Set(kinds.filter((kind) => cells[head.indexOf(kind)] === "✓"));
    return cells.length === head.length ? places.map((place) => [place, names] as const) : [];
  });
  return new Map(listed);
}

function secretsOf(kind: string, values: readonly Uint8Array[]): Secret[] {
  return values.map((bytes) => ({ kind, bytes }));
}

function walletOf({ privateKey }: TestClient): Address {
  return asAddress(privateKeyToAccount(privateKey).address);
}

/** The nodes that a client sent something to which a place or a name tells apart. */
function nodesOf(sent: readonly Sent[], by: string, isMeant: (piece: Piece) => boolean): Set<string> {
  const asked = sent.filter((one) => one.by === by && one.direction === "request");
  return new Set(asked.filter((one) => piecesOfRequest(one).some(isMeant)).map(({ url }) => url));
}

function isAt(...places: readonly string[]) {
  return ({ place }: Piece) => places.includes(place);
}

/** Names of theirs that only who looks them up has to name; inboxes are asked about by whoever judges entries, too. */
function namesOf(invited: readonly TestClient[]) {
  const wallets = secretsOf("wallet", invited.map(walletOf).map(fromHex));
  const keys = invited.map(({ client }) => fromHex(client.installation));
  const names = [...wallets, ...secretsOf("installation", keys)];
  return ({ bytes }: Piece) => findNames(bytes, names).length > 0;
}

type Cast = Readonly<Record<"alice" | "bob" | "carol", TestClient>>;

/** A group is founded with a name, and somebody is added. */
async function gather({ alice, bob, carol }: Cast): Promise<GroupId> {
  const { group, intent } = await createGroup({ ...alice, name: NAMES[0], members: [walletOf(bob)] });
  assert.deepEqual(await intent.settled, delivered);
  await until("bob is in", () => isMember(bob, group));
  await settle(addMembers({ ...alice, group, members: [walletOf(carol)] }));
  await until("carol is in", () => isMember(carol, group));
  return group;
}

/** All else that a conversation has: talk, a new name, a device that comes and is revoked, a removal, a leave. */
async function converse(params: Cast & { group: GroupId; phone: TestClient }): Promise<void> {
  const { alice, bob, carol, phone, group } = params;
  await until("the second device is in", () => isMember(phone, group));
  await say(alice, group, TEXTS[0], [bob, carol]);
  await say(bob, group, TEXTS[1], [alice, carol]);
  await settle(renameGroup({ ...alice, group, name: NAMES[1] }));
  await say(phone, group, TEXTS[2], [alice]);
  await settle(removeMembers({ ...alice, group, members: [carol.client.inbox] }));
  await settle(revokeInstallation({ ...alice, installation: phone.client.installation }));
  const isAlices = ({ inbox }: { inbox: string }) => inbox === alice.client.inbox;
  const devices = async () => (await listMembers({ ...bob, group })).find(isAlices)?.installations;
  await until("the revoked device is out", async () => (await devices()) === 1);
  assert.ok(await catchUp(alice));
  await settle(leaveGroup({ ...bob, group }));
  await until("bob is out", async () => (await groupStatus({ ...alice, group })).members.length === 1);
}

function secretsIn(params: { group: GroupId; people: readonly TestClient[]; phone: TestClient }): Secret[] {
  const { group, people, phone } = params;
  const inboxes = people.map(({ client }) => fromHex(client.inbox));
  const wallets = people.map((one) => fromHex(walletOf(one)));
  const installations = [...people, phone].map(({ client }) => fromHex(client.installation));
  return [
    ...secretsOf("group", [fromHex(group)]),
    ...secretsOf("inbox", inboxes),
    ...secretsOf("wallet", wallets),
    ...secretsOf("installation", installations),
    ...secretsOf("name of the group", NAMES.map(utf8)),
    ...secretsOf("text", TEXTS.map(utf8)),
  ];
}

test("a node sees no names but those that the protocol lists", async () => {
  await using network = await startLoggedNetwork({ nodes: 4 });
  const sent: Sent[] = [];
  const open = (name: string, params: { privateKey?: Hex } = {}) => {
    const note = (message: RecordedMessage) => void sent.push({ ...message, by: name });
    return openTestClient({ network, name, ...params, connect: recordingConnect(note) });
  };
  await using alice = await open("alice");
  await using bob = await open("bob");
  await using carol = await open("carol");
  const cast = { alice, bob, carol };
  const group = await gather(cast);
  const relays = nodesOf(sent, "alice", isAt("RelayAppend"));
  const serving = nodesOf(sent, "alice", isAt("FollowChain", "RelayAppend"));
  const lookUps = nodesOf(sent, "alice", namesOf([bob, carol]));
  const welcomes = nodesOf(sent, "alice", isAt("Publish: welcome", "Publish: group-info"));
  assert.ok(relays.size > 0 && welcomes.size > 0);
  assert.ok(
    [...serving].every((url) => !lookUps.has(url)),
    "who serves the group was not asked for people",
  );
  assert.ok(
    [...welcomes].every((url) => lookUps.has(url)),
    "Welcomes leave by a node that knows for whom",
  );

  await using phone = await open("phone", { privateKey: alice.privateKey });
  await converse({ ...cast, group, phone });
  const requests = sent.filter(({ direction }) => direction === "request").flatMap(piecesOfRequest);
  const exported = (await Promise.all(network.nodes.map(piecesExported))).flat();
  for (const one of [alice, bob, carol, phone]) await setOnline({ ...one, online: false });
  const pieces = [...requests, ...exported, ...(await network.readDisks()), ...network.logs];
  const found = namesByPlace(pieces, secretsIn({ group, people: [alice, bob, carol], phone }));
  const listed = await visible();
  const unlisted = [...found].flatMap(([place, kinds]) => {
    const allowed = listed.get(place);
    if (!allowed) return [`${place} is not in the table`];
    return [...kinds].filter((kind) => !allowed.has(kind)).map((kind) => `${place}: ${kind}`);
  });
  assert.deepEqual(unlisted, []);
  const places = ["RelayIdentity", "stored: inboxStep"];
  for (const kind of ["inbox", "wallet", "installation"])
    for (const place of places) assert.ok(found.get(place)?.has(kind), "what is visible is found");
  assert.ok(found.get("stored: undo")?.has("inbox"), "what is visible is found");
  assert.ok(found.has("logs") && found.has("exports"));
});

test("a name is found in whatever way it is written", () => {
  const bytes = Uint8Array.from({ length: 20 }, (_, i) => 255 - 7 * i);
  const secrets = secretsOf("wallet", [bytes]);
  const raw = Buffer.from(bytes);
  const around = (text: string | Buffer) =>
    Buffer.concat([Buffer.from("≫"), Buffer.from(text), Buffer.from("0")]);
  const isFound = (text: string | Buffer) => findNames(around(text), secrets).length === 1;
  assert.ok(isFound(raw));
  assert.ok(isFound(raw.toString("hex")) && isFound(raw.toString("hex").toUpperCase()));
  for (const before of ["", "a", "ab", "abc"]) {
    const both = Buffer.concat([Buffer.from(before), raw, Buffer.from("z")]);
    assert.ok(isFound(both.toString("base64")) && isFound(both.toString("base64url")), before);
  }
  assert.ok(!isFound(raw.subarray(1)) && !isFound(raw.subarray(1).toString("base64")));
});
