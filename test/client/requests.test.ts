import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { coreOf } from "../../src/client/client.ts";
import {
  createGroup,
  type GroupId,
  groupStatus,
  listConversations,
  listIntents,
  listMembers,
  sendMessage,
  setConsent,
  setOnline,
} from "../../src/index.ts";
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

const leaves = async ({ client }: TestClient, group: GroupId) =>
  (await listMembers({ client, group })).reduce((sum, { installations }) => sum + installations, 0);

test("in a request nothing is said and no commit made, rotation and upkeep included, until it is allowed", async () => {
  await using alice = await openTestClient({ network, name: "alice" });
  const rotation = { afterJoiningMs: 1, periodMs: 3_600_000 };
  await using bob = await openTestClient({ network, name: "bob", consent: "ask", rotation });
  const founded = await createGroup({ ...alice, name: "Plans", members: [bob.client.inbox] });
  const { group } = founded;
  assert.deepEqual(await founded.intent.settled, { kind: "delivered" });
  await until("bob in the group", () => isMember(bob, group));
  await sendMessage({ ...alice, group, text: "welcome" });
  await until("it is read", async () => (await texts(bob, group)).includes("welcome"));
  await until("bob's request", async () => {
    const [request] = await listConversations({ ...bob, consent: "unknown" });
    return request?.group === group && request.requestedBy === alice.client.inbox && request.unread === 1;
  });
  // Only bob could take in her second device now.
  await setOnline({ ...alice, online: false });
  const { privateKey } = alice;
  await using phone = await openTestClient({ network, name: "alice/2", privateKey });
  const { installation } = phone.client;
  const isKnown = () => {
    const known = coreOf(bob.client).inboxes.get(phone.client.inbox)?.inbox?.installations;
    return known?.some((span) => span.installation === installation) === true;
  };
  await until("bob knows of it", isKnown);
  assert.deepEqual(await listIntents(bob), []);
  assert.equal((await groupStatus({ ...bob, group })).epoch, 1);
  await setConsent({ ...bob, group, consent: "allowed" });
  await until("her device is taken in", () => isMember(phone, group));
  await until("bob's key is renewed", async () => {
    const intents = await listIntents(bob);
    return intents.some(({ action, outcome }) => action === "rotate" && outcome?.kind === "delivered");
  });
  assert.equal(await leaves(bob, group), 3);
});
