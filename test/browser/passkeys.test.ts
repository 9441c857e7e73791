import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Page } from "playwright-core";
import { listInstallations, type Passkey, sendMessage } from "../../src/index.ts";
import { openTestClient } from "../support/openTestClient.ts";
import { isMember } from "../support/openTestGroup.ts";
import { startTestNetwork, type TestNetwork } from "../support/startTestNetwork.ts";
import { texts } from "../support/texts.ts";
import { until } from "../support/until.ts";
import { openSite } from "./openSite.ts";

// Passkeys belong to domains, and an IP address is none.
const opened = await openSite({ page: "test/browser/passkeyPage.ts", host: "localhost" });
const skip = opened.kind === "missing" && opened.reason;

after(async () => {
  if (opened.kind === "open") await opened[Symbol.asyncDispose]();
});

/** A device of Chromium's own that holds passkeys, and confirms with a finger that is always there. */
async function addAuthenticator(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("WebAuthn.enable");
  await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      ...{ protocol: "ctap2", transport: "internal" },
      ...{ hasResidentKey: true, hasUserVerification: true, isUserVerified: true },
    },
  });
}

type Tried<T> = { readonly value: T } | { readonly code: string; readonly message: string };

function doneOf<T>(tried: Tried<T>): T {
  assert.ok("value" in tried, JSON.stringify(tried));
  return tried.value;
}

function reachOf(network: TestNetwork) {
  return { nodes: network.nodes.map(({ url }) => url), network: network.chain.network };
}

test("a passkey is a wallet: it founds an inbox, adds a device, is linked and unlinked, proposes and vetoes", {
  skip,
}, async () => {
  assert.ok(opened.kind === "open");
  const page = await opened.site.newPage();
  await using network = await startTestNetwork({ nodes: 2 });
  await using bob = await openTestClient({ network, name: "bob" });
  const reach = reachOf(network);
  await addAuthenticator(page);
  const make = async (name: string): Promise<Passkey> =>
    doneOf(await page.evaluate((params) => passkeyPage.createPasskey(params), { name }));
  const passkey = await make("alice");
  assert.deepEqual(doneOf(await page.evaluate(() => passkeyPage.findPasskey())), passkey);

  const open = (name: string) =>
    page.evaluate((params) => passkeyPage.open(params), { name, passkey, ...reach });
  const laptop = doneOf(await open("laptop"));
  const { inbox } = laptop;
  const members = [bob.client.inbox];
  const made = await page.evaluate((params) => passkeyPage.create(params), { name: "laptop", members });
  assert.deepEqual(made.outcome, { kind: "delivered" });
  const { group } = made;
  await until("bob in", () => isMember(bob, group));
  await sendMessage({ client: bob.client, group, text: "before the phone" });

  const phone = doneOf(await open("phone"));
  assert.deepEqual([phone.inbox, phone.address], [inbox, laptop.address]);
  const textsAt = (name: string) => page.evaluate((params) => passkeyPage.read(params), { name, group });
  const say = (name: string, text: string) =>
    page.evaluate((params) => passkeyPage.send(params), { name, group, text });
  await until("bob sees the phone", async () => {
    const { installations } = await listInstallations({ client: bob.client, inbox });
    return installations.some(({ installation }) => installation === phone.installation);
  });
  // The phone is in the group once it reads what is said there.
  let said = 0;
  await until("the phone reads", async () => {
    await sendMessage({ client: bob.client, group, text: `do you read me? ${said++}` });
    return (await textsAt("phone")).length > 0;
  });
  assert.deepEqual(await say("phone", "from the phone"), { kind: "delivered" });
  await until("bob reads the phone", async () => (await texts(bob, group)).includes("from the phone"));
  await until("the laptop, too", async () => (await textsAt("laptop")).includes("from the phone"));
  const { installations } = await listInstallations({ client: bob.client, inbox });
  assert.deepEqual(new Set(installations.map(({ vouchedBy }) => vouchedBy)), new Set(["contract"]));

  const second = await make("alice's key on a chain");
  const act = async (params: object) =>
    doneOf(
      await page.evaluate((all) => passkeyPage.act(all), {
        ...reach,
        passkey,
        ...params,
      } as unknown as Parameters<typeof passkeyPage.act>[0]),
    );
  const linked = await act({ name: "laptop", verb: "link", newPasskey: second });
  assert.deepEqual(linked, { kind: "linked", inbox, isConfirmed: true });
  const address = await page.evaluate((all) => passkeyPage.addressOf(all), { passkey: second, ...reach });
  await until("bob sees both wallets", async () => {
    const { wallets } = await listInstallations({ client: bob.client, inbox });
    return wallets.map(({ wallet }) => wallet).join() === [laptop.address, address].join();
  });
  const proposed = await act({ passkey: second, verb: "propose", address });
  assert.equal(proposed.kind, "proposed");
  const early = await act({ passkey: second, verb: "unlink", address: laptop.address });
  assert.ok(early.kind === "refused" && early.reason === "too-early");
  assert.equal((await act({ verb: "veto", address })).kind, "vetoed");
  assert.equal((await act({ name: "laptop", verb: "unlink", address })).kind, "unlinked");
  await page.evaluate(() => passkeyPage.close());
});
