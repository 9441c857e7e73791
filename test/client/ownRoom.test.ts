import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import { tables } from "../../src/client/database/tables.ts";
import { ownRooms, roomToWrite } from "../../src/client/group/ownRoom.ts";
import {
  createGroup,
  type GroupId,
  groupStatus,
  listConversations,
  listGroups,
  listIntents,
  listNames,
  markRead,
  revokeInstallation,
  sendMessage,
  setConsent,
  setDraft,
  setName,
  syncStatus,
} from "../../src/index.ts";
import { toHex } from "../../src/wire/ids.ts";
import { noteKinds } from "../../src/wire/notes.ts";
import { openTestClient, type TestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";

let network: TestNetwork;
before(async () => {
  network = await startTestNetwork({ nodes: 2 });
});
after(async () => await network[Symbol.asyncDispose]());

const delivered = { kind: "delivered" } as const;
const conversation = async (device: TestClient, group: GroupId) =>
  (await listConversations(device)).find((one) => one.group === group);
const draftOf = async (device: TestClient, group: GroupId) => (await conversation(device, group))?.draft;
const unreadOf = async (device: TestClient, group: GroupId) => (await conversation(device, group))?.unread;
const roomOf = ({ client }: TestClient) => roomToWrite(coreOf(client));

/** What stands in all registers of a device, but for the mark of what newcomers were told. */
async function notesOf({ client }: TestClient): Promise<string[]> {
  const notes: string[] = [];
  for await (const { fields, value } of tables.note.rows(coreOf(client).database)) {
    const { epoch, revision, id } = value;
    const register = [fields.kind, toHex(fields.subject), epoch, revision, id, toHex(value.value)];
    if (fields.kind !== noteKinds.told) notes.push(register.join(" "));
  }
  return notes;
}

const areEqual = async (one: TestClient, other: TestClient) =>
  (await notesOf(one)).join() === (await notesOf(other)).join();

test("what a person decides, reads, names and begins to write on one device is so on the others, until one is revoked", async () => {
  const own = { network, ownRoom: true, consent: "ask" } as const;
  await using laptop = await openTestClient({ ...own, name: "alice" });
  await using bob = await openTestClient({ network, name: "bob" });
  await using mallory = await openTestClient({ network, name: "mallory" });
  const founded = await createGroup({ ...laptop, name: "Plans", members: [bob.client.inbox] });
  const { group } = founded;
  const asked = await createGroup({ ...mallory, name: "Prizes", members: [laptop.client.inbox] });
  assert.deepEqual(await founded.intent.settled, delivered);
  await until("the request", () => isMember(laptop, asked.group));
  await setConsent({ ...laptop, inbox: mallory.client.inbox, consent: "blocked" });
  await setName({ ...laptop, inbox: bob.client.inbox, name: "Bobby" });
  await setDraft({ ...laptop, group, text: "dear bob" });
  assert.deepEqual(ownRooms(coreOf(laptop.client)), [], "one device needs no room");

  const { privateKey } = laptop;
  await using phone = await openTestClient({ ...own, name: "alice/2", privateKey });
  await until("the phone has the draft", async () => (await draftOf(phone, group)) === "dear bob");
  assert.deepEqual([...(await listNames(phone))], [[bob.client.inbox, "Bobby"]]);
  await until("the phone in the request", () => isMember(phone, asked.group));
  const blocked = await listConversations({ ...phone, consent: "blocked" });
  assert.deepEqual(
    blocked.map((one) => one.group),
    [asked.group],
  );
  for (const device of [laptop, phone]) {
    const listed = listGroups(device).map((one) => one.group);
    assert.deepEqual(listed.toSorted(), [group, asked.group].toSorted());
    assert.equal((await syncStatus(device)).groups.length, 2);
  }
  assert.deepEqual(
    (await listIntents(laptop)).map(({ action }) => action).filter((one) => one === "create"),
    ["create"],
  );

  // Read on one, read on the other, both ways.
  for (const [reader, other, text] of [
    [laptop, phone, "one"],
    [phone, laptop, "two"],
  ] as const) {
    await sendMessage({ ...bob, group, text });
    for (const device of [laptop, phone]) {
      await until("it is unread", async () => (await unreadOf(device, group)) === 1);
    }
    await markRead({ ...reader, group });
    await until("it is read on the other", async () => (await unreadOf(other, group)) === 0);
  }

  // A decision of the phone's, and both at once.
  await setConsent({ ...phone, inbox: mallory.client.inbox, consent: "unknown" });
  await until("the laptop is asked again", async () => {
    const requests = await listConversations({ ...laptop, consent: "unknown" });
    return requests.some((one) => one.group === asked.group);
  });
  await Promise.all([
    setDraft({ ...laptop, group, text: "from the laptop" }),
    setDraft({ ...phone, group, text: "from the phone" }),
    setConsent({ ...laptop, group: asked.group, consent: "allowed" }),
    setConsent({ ...phone, group: asked.group, consent: "blocked" }),
  ]);
  await until("both have the same", async () => {
    const isTold = await Promise.all([laptop, phone].map((device) => listIntents({ ...device, open: true })));
    return isTold.every(({ length }) => length === 0) && (await areEqual(laptop, phone));
  });
  assert.equal(await draftOf(laptop, group), await draftOf(phone, group));

  // What is lost hears nothing more.
  const room = roomOf(laptop)?.id ?? assert.fail("a room");
  const revoked = await revokeInstallation({ ...laptop, installation: phone.client.installation });
  assert.deepEqual(await revoked.settled, delivered);
  await until("out of the room", async () => {
    const { membership } = await groupStatus({ ...phone, group: room });
    return membership === "removed";
  });
  await using tablet = await openTestClient({ ...own, name: "alice/3", privateKey });
  await setDraft({ ...laptop, group, text: "for the tablet" });
  await until("the tablet has it", async () => (await draftOf(tablet, group)) === "for the tablet");
  assert.notEqual(await draftOf(phone, group), "for the tablet");
  await until("all three rooms are one", () => roomOf(tablet)?.id === room);
  assert.ok((await texts(tablet, room)).length === 0);
});
