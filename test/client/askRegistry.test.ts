import assert from "node:assert/strict";
import { test } from "node:test";
import { askRegistry, forgetInboxes, refreshInboxes } from "../../src/client/asking/askRegistry.ts";
import { isWeftError } from "../../src/errors.ts";
import { confirmedInbox } from "../../src/reconciler/inboxes/confirmedInbox.ts";
import type { ServedFault } from "../../src/reconciler/inboxes/takeHistory.ts";
import type { NodeApi } from "../../src/rpc/nodeApi.ts";
import type { History } from "../../src/wire/history.ts";
import type { IdentityStep } from "../../src/wire/identityStep.ts";
import { asId } from "../../src/wire/ids.ts";
import { openOfflineClient } from "../support/openOfflineClient.ts";
import { servingNode, testHistory, testInstallation, testWallet } from "../support/testHistory.ts";
import { testNetwork } from "../support/testNetwork.ts";

const founder = testWallet("alice");
const [phone, laptop] = [testInstallation("phone"), testInstallation("laptop")];
const { inbox } = testHistory({ network: testNetwork, founder });

/** A node that has read the chain up to `head`, where the installation was revoked in `revokedBlock`. */
function nodeAt(head: number, revokedBlock: number | undefined) {
  const history = testHistory({ network: testNetwork, founder });
  history.create(phone);
  const revoked = revokedBlock === undefined ? [] : [at(history.revoke(phone, founder), revokedBlock)];
  return servingNode({ inbox, steps: [...history.steps.slice(0, 1), ...revoked], head });
}

function at(step: IdentityStep, block: number): IdentityStep {
  return { ...step, block, time: block * 10 };
}

test("a verdict takes the registry from the node that serves it, whatever another has said", async () => {
  await using opened = await openOfflineClient();
  const { core } = opened;
  const signal = AbortSignal.timeout(10_000);
  const ask = { core, inboxes: [inbox], block: 21, signal };
  const revokedIn = async (
    api: ReturnType<typeof nodeAt>,
    reading: Parameters<typeof askRegistry>[0]["reading"],
  ) => (await askRegistry({ ...ask, reading, api })).registry(inbox)?.installations[0]?.revokedBlock;
  // On a fork that is gone by the time the entry comes.
  const gone = nodeAt(25, 24);
  assert.equal(await revokedIn(gone, core), 24);
  const serving = nodeAt(22, 20);
  const reading = { inboxes: new Map() };
  assert.equal(await revokedIn(serving, reading), 20);
  assert.equal(await revokedIn(serving, reading), 20);
  assert.deepEqual([gone.asked(), serving.asked()], [1, 1]);
  await forgetInboxes({ core, reading, afterBlock: 20 });
  assert.equal(await revokedIn(nodeAt(23, undefined), reading), undefined);
});

test("what was read while the chain was rolled back answers for nothing", async () => {
  await using opened = await openOfflineClient();
  const { core } = opened;
  const reading = { inboxes: new Map() };
  const node = nodeAt(25, undefined);
  const getHistories: NodeApi["getHistories"] = async (params) => {
    const answer = await node.getHistories(params);
    await forgetInboxes({ core, reading, afterBlock: 20 });
    return answer;
  };
  const signal = AbortSignal.timeout(10_000);
  await assert.rejects(
    askRegistry({ core, reading, api: { getHistories }, inboxes: [inbox], block: 21, signal }),
    {
      code: "not-ready",
    },
  );
});

/** A client that has read this node, and asks another one next. */
async function readTwice(params: {
  first?: ReturnType<typeof servingNode>;
  second: Pick<NodeApi, "getHistories">;
}) {
  await using opened = await openOfflineClient();
  const { core } = opened;
  const ask = { core, reading: core, inboxes: [inbox], block: 0, signal: AbortSignal.timeout(10_000) };
  if (params.first) await refreshInboxes({ ...ask, api: params.first });
  const before = core.inboxes.get(inbox);
  const fault = await refreshInboxes({ ...ask, api: params.second }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { fault, before, after: core.inboxes.get(inbox) };
}

/** The name of a fault is in its message. */
function isFault(error: unknown, fault: ServedFault): boolean {
  return isWeftError(error, "bad-history") && error.message.includes(` is ${fault}`);
}

/** Alice with two installations, of which the first is revoked in block 4. */
function lived() {
  const history = testHistory({ network: testNetwork, founder });
  history.create(phone);
  history.add(laptop, founder);
  history.link(testWallet("alice's other"), founder);
  history.revoke(phone, founder);
  return history;
}

test("only what is new is asked for, page by page", async () => {
  const { steps } = lived();
  const first = servingNode({ inbox, steps: steps.slice(0, 2), head: 2 });
  const answers: History[] = [];
  const lie = (history: History) => {
    answers.push(history);
    return history;
  };
  const second = servingNode({ inbox, steps, head: 9, maxSteps: 1, lie });
  const { fault, after } = await readTwice({ first, second });
  assert.equal(fault, undefined);
  assert.deepEqual([after?.count, after?.asOf], [4, 9]);
  assert.deepEqual(
    answers.map(({ from, steps: served }) => [from, served.length]),
    [
      [2, 1],
      [3, 1],
    ],
  );
  assert.deepEqual(
    after?.inbox?.installations.map(({ revokedBlock }) => revokedBlock),
    [4, undefined],
  );
});

test("a history that the chain can't have said is a fault of its node, and nothing of it is used", async () => {
  const { steps } = lived();
  const [create, add, link, revoke] = steps as [IdentityStep, IdentityStep, IdentityStep, IdentityStep];
  const mallory = testWallet("mallory");
  const ghost = testHistory({ network: testNetwork, founder: mallory });
  ghost.create(testInstallation("ghost"));
  const stranger = testHistory({ network: testNetwork, founder, firstBlock: 2 });
  const byStranger = stranger.add(testInstallation("ghost"), mallory);
  const twice = testHistory({ network: testNetwork, founder });
  twice.create(phone);
  for (const by of [founder, founder]) twice.link(testWallet("alice's other"), by);
  const serve = (served: readonly IdentityStep[], lie?: (history: History) => History) =>
    servingNode({ inbox, steps: served, head: 9, ...(lie ? { lie } : {}) });
  const faults: [ServedFault, ReturnType<typeof servingNode>][] = [
    ["wrong-inbox", serve(ghost.steps)],
    ["wrong-inbox", serve([add, link])],
    ["not-permitted", serve([create, byStranger])],
    ["not-permitted", serve([...twice.steps])],
    ["out-of-order", serve([create, link, add])],
    ["out-of-order", serve([create, at(add, 10)])],
    [
      "used-nonce",
      serve([
        create,
        { ...(add as IdentityStep & { kind: "add-installation" }), consent: consentOf(create) },
      ]),
    ],
    ["gap", serve(steps, (history) => ({ ...history, from: history.from + 1 }))],
    ["gap", serve(steps, (history) => ({ ...history, steps: [] }))],
    ["gap", serve(steps, (history) => ({ ...history, count: 2 }))],
    ["too-long", serve(steps, (history) => ({ ...history, count: 2_049 }))],
    ["word-mismatch", serve(steps, (history) => ({ ...history, word: asId(new Uint8Array(32).fill(1)) }))],
    // A step is left out, and whoever serves the rest keeps the word.
    ["word-mismatch", serve(steps, (history) => ({ ...history, steps: [create, add, revoke], count: 3 }))],
  ];
  for (const [expected, second] of faults) {
    const { fault, after } = await readTwice({ second });
    assert.ok(isFault(fault, expected), `${expected}: ${String(fault)}`);
    assert.equal(after, undefined, expected);
  }
});

test("what was verified is not overwritten by one node: a step left out, another time, a lie about links", async () => {
  const { steps } = lived();
  const first = servingNode({ inbox, steps, head: 100 });
  const [create, add, link, revoke] = steps as [IdentityStep, IdentityStep, IdentityStep, IdentityStep];
  const others = [
    [create, add, link],
    [create, add, revoke],
    [create, link, revoke],
    [at(create, 2), at(add, 3)],
  ];
  for (const served of others) {
    const { fault, before, after } = await readTwice({
      first,
      second: servingNode({ inbox, steps: served, head: 101 }),
    });
    assert.ok(isFault(fault, "rewritten"), String(fault));
    assert.deepEqual(after, before);
  }
});

test("what is not final may be gone by a reorganization, with the keys that wallets have shown kept in mind", async () => {
  const { steps } = lived();
  const first = servingNode({ inbox, steps, head: 5 });
  const { fault, after } = await readTwice({
    first,
    second: servingNode({ inbox, steps: steps.slice(0, 3), head: 6 }),
  });
  assert.equal(fault, undefined);
  assert.deepEqual(
    after?.inbox?.installations.map(({ revokedBlock }) => revokedBlock),
    [undefined, undefined],
  );
  // Alice's wallet has a key: nobody can make it a contract that has agreed to another device.
  const forged = testHistory({ network: testNetwork, founder });
  const created = forged.create(testInstallation("ghost"));
  assert.ok(created.kind === "create-inbox");
  const consent = { ...created.consent, signature: new Uint8Array([1, 2, 3]) };
  const second = servingNode({ inbox, steps: [{ ...created, consent }], head: 6 });
  const made = await readTwice({ first, second });
  assert.ok(isFault(made.fault, "forged"), String(made.fault));
  assert.deepEqual(made.after, made.before);
});

test("a rollback leaves what earlier blocks said, and has the rest read again", async () => {
  await using opened = await openOfflineClient();
  const { core } = opened;
  const { steps } = lived();
  const ask = { core, reading: core, inboxes: [inbox], block: 0, signal: AbortSignal.timeout(10_000) };
  await refreshInboxes({ ...ask, api: servingNode({ inbox, steps, head: 9 }) });
  await forgetInboxes({ core, reading: { inboxes: new Map() }, afterBlock: 6 });
  assert.deepEqual([core.inboxes.get(inbox)?.asOf, core.inboxes.get(inbox)?.count], [6, 4]);
  await forgetInboxes({ core, reading: { inboxes: new Map() }, afterBlock: 3 });
  assert.equal(core.inboxes.get(inbox)?.inbox, undefined);
  assert.deepEqual(core.inboxes.get(inbox)?.keyWallets.includes(founder.address), true);
  await refreshInboxes({ ...ask, api: servingNode({ inbox, steps: steps.slice(0, 3), head: 7 }) });
  assert.deepEqual([core.inboxes.get(inbox)?.asOf, core.inboxes.get(inbox)?.count], [7, 3]);
});

test("what others have confirmed stays so when a reading that knows less of it is not confirmed", async () => {
  await using opened = await openOfflineClient();
  const { core } = opened;
  const { steps } = lived();
  const ask = { core, inboxes: [inbox], block: 0, signal: AbortSignal.timeout(10_000) };
  const reading = { inboxes: new Map() };
  await refreshInboxes({ ...ask, reading, api: servingNode({ inbox, steps: steps.slice(0, 2), head: 2 }) });
  await refreshInboxes({ ...ask, reading: core, api: servingNode({ inbox, steps, head: 9 }) });
  const told = core.inboxes.get(inbox);
  assert.ok(told?.isProvisional);
  core.inboxes.set(inbox, { ...told, isProvisional: false, confirmedAsOf: 9 });
  await refreshInboxes({ ...ask, reading, api: servingNode({ inbox, steps, head: 12 }) });
  assert.equal(core.inboxes.get(inbox)?.asOf, 12);
  const known = confirmedInbox(core.inboxes.get(inbox));
  assert.deepEqual(
    known?.installations.map(({ revokedBlock }) => revokedBlock),
    [4, undefined],
  );
});

function consentOf(step: IdentityStep) {
  assert.ok("consent" in step);
  return step.consent;
}
