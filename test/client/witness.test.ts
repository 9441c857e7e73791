import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { isLeft, isUnshared, isUp, noteUnshared } from "../../src/client/nodes/nodeLinks.ts";
import type { Endpoint } from "../../src/client/witness/endpoint.ts";
import { leaveIfAlone } from "../../src/client/witness/leaveIfAlone.ts";
import { leaveIfBehind, MAX_BLOCKS_BEHIND } from "../../src/client/witness/leaveIfBehind.ts";
import { questionsOf } from "../../src/client/witness/questionsOf.ts";
import { WeftError } from "../../src/errors.ts";
import { compareWords } from "../../src/reconciler/witness/compareWords.ts";
import type { Claim, Fact } from "../../src/reconciler/witness/fact.ts";
import type { Testimony } from "../../src/reconciler/witness/testimony.ts";
import { asId, type GroupId, type Hex, type InboxId } from "../../src/wire/ids.ts";
import { countWords, entryWord, type WordsAnswer, type WordsQuestion } from "../../src/wire/words.ts";
import { installVirtualTime, type VirtualTime } from "../search/virtualTime.ts";
import {
  emptyAnswer,
  hanging,
  TEST_HEAD,
  type TestWitness,
  testHash,
  testNodeId,
  testOperator,
  testWitnesses,
  unreachable,
} from "../support/testWitnesses.ts";

const group = asId<GroupId>(testHash(1));
const inbox = asId<InboxId>(testHash(2));
/** What honest nodes say of the inbox. */
const TRUE_WORD = testHash(7);
const history = (word: Hex): Claim => ({
  head: TEST_HEAD,
  facts: [{ kind: "history", inbox, word }],
});
const truth = history(TRUE_WORD);
const lie = history(testHash(8));

let time: VirtualTime;
beforeEach(() => {
  time = installVirtualTime(1_800_000_000_000);
});
afterEach(() => time[Symbol.dispose]());

const answer = (question: WordsQuestion, word = TRUE_WORD): WordsAnswer => {
  const empty = emptyAnswer(question);
  assert(empty.words);
  return { ...empty, words: { ...empty.words, inboxes: question.inboxes.map(() => word) } };
};
const honest = async (question: WordsQuestion) => answer(question);
/** Says whatever the claim `lie` says. */
const lying = async (question: WordsQuestion) => answer(question, testHash(8));
const at = (number: number) => async (): Promise<WordsAnswer> => ({
  head: { ...TEST_HEAD, number },
  words: undefined,
});

/** The testimony, and how long it took. */
async function testimonyOf(asking: Promise<Testimony>): Promise<[Testimony["kind"], number]> {
  const start = time.nowMs();
  const timed = asking.then(({ kind }): [Testimony["kind"], number] => [kind, time.nowMs() - start]);
  return await time.settle(timed, 60_000);
}

test("a node of another operator agrees, and nobody else is asked", async () => {
  const { ask, asked } = testWitnesses([1, 2, 3].map((id) => ({ id, answers: honest })));
  assert.deepEqual(await testimonyOf(ask(truth)), ["agreed", 0]);
  assert.deepEqual(asked, [2]);
});

test("nodes of the serving node's operator are never witnesses", async () => {
  const { ask, asked, lies, witnesses } = testWitnesses([
    { id: 1, operator: 9, answers: lying },
    { id: 2, operator: 9, answers: lying },
    { id: 3, answers: honest },
    { id: 4, answers: honest },
  ]);
  assert.deepEqual(await testimonyOf(ask(lie)), ["contradicted", 0]);
  assert.deepEqual(asked.toSorted(), [1, 3, 4]);
  assert.deepEqual(
    lies.map(({ node, isDecided }) => [node, isDecided]),
    [[testNodeId(1), true]],
  );
  assert(lies[0]?.fact.includes(inbox) && lies[0].said === testHash(8));
  assert.deepEqual(
    lies[0]?.others.map(({ by, said }) => [by, said]),
    [
      [testNodeId(3), TRUE_WORD],
      [testNodeId(4), TRUE_WORD],
    ],
  );
  assert(isLeft(witnesses.links, testNodeId(1), time.nowMs()));
});

test("two nodes of one operator that lie as witnesses have one voice", async () => {
  const { ask, lies, witnesses } = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, operator: 9, answers: lying },
    { id: 3, operator: 9, answers: lying },
    { id: 4, answers: honest },
  ]);
  assert.deepEqual(await testimonyOf(ask(truth)), ["agreed", 0]);
  assert.deepEqual(
    lies.map(({ node }) => node),
    [testNodeId(2)],
  );
  assert(isLeft(witnesses.links, testNodeId(2), time.nowMs()));
  assert(!isLeft(witnesses.links, testNodeId(1), time.nowMs()));
});

test("one against one is undecided: nothing is adopted, the app hears both, nobody is left", async () => {
  const { ask, lies, witnesses } = testWitnesses([
    { id: 1, answers: lying },
    { id: 2, answers: honest },
  ]);
  assert.deepEqual(await testimonyOf(ask(lie)), ["undecided", 0]);
  assert.deepEqual(lies, [
    {
      ...{ node: testNodeId(1), fact: `the history of the inbox ${inbox}`, said: testHash(8) },
      ...{ others: [{ by: testNodeId(2), said: TRUE_WORD }], isDecided: false },
    },
  ]);
  assert.equal(witnesses.links.health.size, 0);
  await time.settle(ask(lie), 1_000);
  assert.equal(lies.length, 1, "the app hears it once");
});

test("at most five more operators are asked about a contradiction", async () => {
  const { ask, asked } = testWitnesses([
    { id: 1, answers: lying },
    ...Array.from({ length: 12 }, (_, i) => ({ id: 2 + i, answers: honest })),
  ]);
  assert.deepEqual(await testimonyOf(ask(lie)), ["contradicted", 0]);
  assert.deepEqual(asked, [2, 1, 3, 4, 5, 6, 7]);
});

test("a witness that lags is waited for, then passed over for the next", async () => {
  let asks = 0;
  const { ask, asked } = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, answers: (question) => (++asks < 4 ? at(99)() : honest(question)) },
    { id: 3, answers: honest },
  ]);
  assert.deepEqual(await testimonyOf(ask(truth)), ["agreed", 300]);
  assert(!asked.includes(3));
  const lagging = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, answers: at(99) },
    { id: 3, answers: honest },
  ]);
  const [kind, ms] = await testimonyOf(lagging.ask(truth));
  assert.equal(kind, "agreed");
  assert(ms >= 900 && ms <= 1_100, `${ms}`);
  assert.deepEqual(lagging.lies, []);
});

test("who lacks the block has not contradicted it, unless nothing can bring it back", async () => {
  for (const [number, kind] of [
    [0, "not-yet"],
    [100, "not-yet"],
    [163, "not-yet"],
    [164, "contradicted"],
  ] as const) {
    const { ask, lies } = testWitnesses([
      { id: 1, answers: honest },
      { id: 2, answers: at(number) },
      { id: 3, answers: at(number) },
    ]);
    assert.equal((await testimonyOf(ask(truth)))[0], kind, `${number}`);
    assert.equal(lies.length, kind === "contradicted" ? 1 : 0);
  }
});

test("a node that follows a chain of its own for ever is found out by the first block of it that a witness lacked", async () => {
  let length = 102;
  const { ask, lies } = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, answers: () => at(length)() },
    { id: 3, answers: () => at(length)() },
  ]);
  const claimAt = (number: number): Claim => ({ head: { ...TEST_HEAD, number }, facts: [] });
  assert.equal((await testimonyOf(ask(claimAt(100))))[0], "not-yet");
  length = 150;
  assert.equal((await testimonyOf(ask(claimAt(149))))[0], "not-yet");
  length = 164;
  assert.equal((await testimonyOf(ask(claimAt(163))))[0], "contradicted");
  assert.deepEqual(
    lies.map(({ node, fact }) => [node, fact]),
    [[testNodeId(1), "the block 100"]],
  );
});

test("a node that is ever far ahead of all others is found out by the earliest block that a witness lacked", async () => {
  const ahead = 40;
  let length = 102;
  const named = new Map<Hex, number>();
  const claimAt = (number: number): Claim => {
    const hash = testHash(named.size);
    named.set(hash, number);
    return { head: { ...TEST_HEAD, number, hash }, facts: [] };
  };
  const stubborn = async (question: WordsQuestion): Promise<WordsAnswer> => {
    const { head, words } = answer(question);
    const number = named.get(question.block) ?? 0;
    return { head, words: words && { ...words, block: { ...words.block, number } } };
  };
  const { ask, lies } = testWitnesses([
    { id: 1, answers: stubborn },
    { id: 2, answers: () => at(length)() },
    { id: 3, answers: () => at(length)() },
  ]);
  // What is too far ahead to be judged soon hides nothing that can be judged before.
  assert.equal((await testimonyOf(ask(claimAt(1_000_000))))[0], "not-yet");
  assert.equal((await testimonyOf(ask(claimAt(length + ahead))))[0], "not-yet");
  length = 102 + ahead + 63;
  assert.equal((await testimonyOf(ask(claimAt(length + ahead))))[0], "not-yet");
  length++;
  assert.equal((await testimonyOf(ask(claimAt(length + ahead))))[0], "contradicted");
  assert.deepEqual(
    lies.map(({ node, fact }) => [node, fact]),
    [[testNodeId(1), "the block 142"]],
  );
});

test("a node that is left since nobody else had its blocks is a witness when others have them", async () => {
  const { ask, witnesses } = testWitnesses([1, 2].map((id) => ({ id, answers: honest })));
  noteUnshared(witnesses.links, testNodeId(2), time.nowMs());
  assert(!isUp(witnesses.links, testNodeId(2), time.nowMs()));
  assert.equal((await testimonyOf(ask(truth)))[0], "agreed");
});

test("a block that a witness has after all is doubted no more", async () => {
  let answers: (question: WordsQuestion) => Promise<WordsAnswer> = at(102);
  const { ask, lies, witnesses } = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, answers: (question) => answers(question) },
    { id: 3, answers: (question) => answers(question) },
  ]);
  assert.equal((await testimonyOf(ask(truth)))[0], "not-yet");
  assert.equal(witnesses.doubted.size, 1);
  answers = honest;
  assert.equal((await testimonyOf(ask(truth)))[0], "agreed");
  assert.deepEqual([witnesses.doubted.size, lies.length], [0, 0]);
});

test("a reorganization is no lie: the serving node has taken the block back", async () => {
  let isGone = false;
  const { ask, lies, witnesses } = testWitnesses([
    { id: 1, answers: (question) => (isGone ? at(101)() : honest(question)) },
    { id: 2, answers: at(164) },
    { id: 3, answers: at(164) },
  ]);
  isGone = true;
  assert.equal((await testimonyOf(ask(truth)))[0], "not-yet");
  assert.deepEqual([lies.length, witnesses.links.health.size], [0, 0]);
});

test("a node whose answers are of two blocks is asked again; one that contradicts itself for ever is left", async () => {
  // Its words are true, what it served is not.
  const { ask, lies } = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, answers: honest },
    { id: 3, answers: honest },
  ]);
  assert.equal((await testimonyOf(ask(lie)))[0], "not-yet");
  assert.equal((await testimonyOf(ask(truth)))[0], "agreed");
  assert.equal((await testimonyOf(ask(lie)))[0], "not-yet");
  assert.equal((await testimonyOf(ask(lie)))[0], "not-yet");
  assert.equal(lies.length, 0);
  assert.equal((await testimonyOf(ask(lie)))[0], "contradicted");
  assert.deepEqual(
    lies[0]?.others.map(({ by }) => by),
    [testNodeId(2), testNodeId(1)],
  );
});

test("a node that sometimes is silent about its claim and sometimes takes it back is left, but called no liar", async () => {
  for (const turns of ["silent", "back", "back"].map((_, i, all) => [...all.slice(i), ...all.slice(0, i)])) {
    let turn = 0;
    const { ask, lies, witnesses } = testWitnesses([
      {
        id: 1,
        answers: (question, call) => (turns[turn] === "silent" ? unreachable : honest)(question, call),
      },
      { id: 2, answers: honest },
      { id: 3, answers: honest },
    ]);
    for (const kind of ["not-yet", "not-yet", "undecided"] as const) {
      assert.equal((await testimonyOf(ask(lie)))[0], kind);
      turn++;
    }
    assert.deepEqual([lies.length, isLeft(witnesses.links, testNodeId(1), time.nowMs())], [0, true]);
  }
});

test("a node that contradicts itself in one thing is left, whatever it tells the truth about meanwhile", async () => {
  const other: Claim = { head: TEST_HEAD, facts: [{ kind: "node-count", count: 0 }] };
  const { ask } = testWitnesses([1, 2, 3].map((id) => ({ id, answers: honest })));
  for (const kind of ["not-yet", "not-yet", "contradicted"] as const) {
    assert.equal((await testimonyOf(ask(lie)))[0], kind);
    assert.equal((await testimonyOf(ask(other)))[0], "agreed");
  }
});

test("nobody answers for three seconds: silence, which is not waited for again", async () => {
  for (const answers of [unreachable, hanging]) {
    const { ask, asked } = testWitnesses([
      { id: 1, answers: honest },
      { id: 2, answers },
      { id: 3, answers },
    ]);
    const [kind, ms] = await testimonyOf(ask(truth));
    assert.equal(kind, "silent");
    assert(ms >= 2_900 && ms <= 3_200, `${ms}`);
    const count = asked.length;
    assert.deepEqual(await testimonyOf(ask(truth)), ["silent", 0]);
    assert.equal(asked.length, count);
    await time.run(20_000);
    const [again, againMs] = await testimonyOf(ask(truth));
    assert.equal(again, "silent");
    assert(againMs <= 600, `${againMs}`);
  }
});

test("a witness that comes back is heard again", async () => {
  let isDown = true;
  const { ask } = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, answers: (question, call) => (isDown ? unreachable(question, call) : honest(question)) },
  ]);
  assert.equal((await testimonyOf(ask(truth)))[0], "silent");
  isDown = false;
  await time.run(20_000);
  assert.deepEqual(await testimonyOf(ask(truth)), ["agreed", 0]);
  isDown = true;
  assert((await testimonyOf(ask(truth)))[1] >= 2_900);
});

test("who lacks the block and is slow to say so again is no silence", async () => {
  const answers = async () => {
    await new Promise((resolve) => void setTimeout(resolve, 200));
    return await at(99)();
  };
  const { ask, witnesses } = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, answers },
    { id: 3, answers },
  ]);
  assert.equal((await testimonyOf(ask(truth)))[0], "not-yet");
  assert.equal(witnesses.quiet.size, 0);
});

test("a witness that was quiet and takes longer than it is waited for is heard the next time", async () => {
  let isDown = true;
  const { ask } = testWitnesses([
    { id: 1, answers: honest },
    {
      id: 2,
      answers: async (question, call) => {
        if (isDown) return await unreachable(question, call);
        await new Promise((resolve) => void setTimeout(resolve, 700));
        return answer(question);
      },
    },
  ]);
  assert.equal((await testimonyOf(ask(truth)))[0], "silent");
  isDown = false;
  await time.run(20_000);
  assert.equal((await testimonyOf(ask(truth)))[0], "silent");
  await time.run(1_000);
  assert.equal((await testimonyOf(ask(truth)))[0], "agreed");
});

test("a contradiction is settled by those, too, who were quiet before", async () => {
  let isDown = true;
  const { ask, witnesses } = testWitnesses([
    { id: 1, answers: lying },
    { id: 2, answers: (question, call) => (isDown ? unreachable(question, call) : honest(question)) },
    { id: 3, answers: (question, call) => (isDown ? unreachable(question, call) : honest(question)) },
  ]);
  assert.equal((await testimonyOf(ask(lie)))[0], "silent");
  isDown = false;
  witnesses.quiet.delete(testNodeId(2));
  assert.equal((await testimonyOf(ask(lie)))[0], "contradicted");
});

test("without a second operator there is silence at once, and agreement where the app has said that one is enough", async () => {
  const one = [
    { id: 1, operator: 5, answers: lying },
    { id: 2, operator: 5, answers: lying },
  ];
  assert.deepEqual(await testimonyOf(testWitnesses(one).ask(truth)), ["silent", 0]);
  const chosen = { isOneOperatorEnough: true };
  assert.deepEqual(await testimonyOf(testWitnesses(one, chosen).ask(truth)), ["agreed", 0]);
  const two = [...one, { id: 3, answers: honest }];
  assert.equal((await testimonyOf(testWitnesses(two, chosen).ask(lie)))[0], "undecided");
});

test("a node that is there but can't read the chain is no silence", async () => {
  for (const code of ["chain-unreachable", "not-ready", "limit-exceeded", "internal"] as const) {
    const answers = () => Promise.reject(new WeftError({ code, message: code }));
    const { ask } = testWitnesses([
      { id: 1, answers: honest },
      { id: 2, answers },
    ]);
    const [kind, ms] = await testimonyOf(ask(truth));
    assert.equal(kind, "not-yet", code);
    assert(ms <= 1_100);
  }
});

test("garbage is no answer, and a late answer is dropped", async () => {
  const garbage: ((question: WordsQuestion) => WordsAnswer)[] = [
    (question) => answer({ ...question, inboxes: [] }),
    (question) => answer({ ...question, block: testHash(3) }),
    (question) => answer({ ...question, entries: [{ group, id: group }] }),
  ];
  for (const wrong of garbage) {
    const { ask } = testWitnesses([
      { id: 1, answers: honest },
      { id: 2, answers: async (question) => wrong(question) },
      { id: 3, answers: honest },
    ]);
    assert.deepEqual(await testimonyOf(ask(truth)), ["agreed", 0]);
  }
  const late = testWitnesses([
    { id: 1, answers: honest },
    {
      id: 2,
      answers: async (question) => {
        await new Promise((resolve) => void setTimeout(resolve, 1_500));
        return answer(question, testHash(9));
      },
    },
    { id: 3, answers: honest },
  ]);
  assert.equal((await testimonyOf(late.ask(truth)))[0], "agreed");
  assert.deepEqual(late.asked, [2, 3]);
  await time.run(5_000);
  assert.deepEqual(late.lies, []);
});

test("an endpoint decides alone, whatever nodes say", async () => {
  const endpoint = (
    readWords: Endpoint["readWords"],
    check: Endpoint["check"] = async () => undefined,
  ): Endpoint => ({
    ...{ node: undefined, name: "rpc", rpcUrl: "rpc", state: () => "answers", readWords, check },
  });
  const nodes = [1, 2, 3].map((id) => ({ id, answers: lying }));
  const own = testWitnesses(nodes, { endpoints: [endpoint(honest)] });
  assert.equal((await testimonyOf(own.ask(lie)))[0], "contradicted");
  assert.deepEqual(own.asked, [1], "only the serving node itself, once more");
  assert.deepEqual(own.lies[0]?.others, [{ by: "rpc", said: TRUE_WORD }]);
  const agreeing = testWitnesses(nodes, { endpoints: [endpoint(lying)] });
  assert.deepEqual(await testimonyOf(agreeing.ask(lie)), ["agreed", 0]);
  assert.deepEqual(agreeing.asked, []);
  const wrongChain = () => Promise.reject(new WeftError({ code: "wrong-chain", message: "another" }));
  const turned = testWitnesses(nodes, { endpoints: [endpoint(honest, wrongChain)] });
  assert.equal((await testimonyOf(turned.ask(lie)))[0], "not-yet", "it became another chain's");
  const away = testWitnesses(nodes, { endpoints: [endpoint(unreachable)] });
  assert.equal((await testimonyOf(away.ask(lie)))[0], "agreed", "nodes are asked where it does not answer");
});

test("a serving node that stays far behind its witness is left, one that is near is not", async () => {
  for (const behind of [MAX_BLOCKS_BEHIND - 1, MAX_BLOCKS_BEHIND]) {
    const ahead = { ...TEST_HEAD, number: TEST_HEAD.number + behind };
    const { ask, witnesses, lies } = testWitnesses([
      { id: 1, answers: honest },
      { id: 2, answers: async (question) => ({ ...answer(question), head: ahead }), head: ahead },
    ]);
    for (let asked = 0; asked < 10; asked++) {
      assert.equal((await testimonyOf(ask(truth)))[0], "agreed");
      await time.run(1_000);
    }
    assert.equal(witnesses.links.health.has(testNodeId(1)), behind >= MAX_BLOCKS_BEHIND, `${behind}`);
    assert.deepEqual(lies, [], "who lags does not lie");
  }
});

test("one operator's head takes nobody from a node that the others are level with", async () => {
  const ahead = { ...TEST_HEAD, number: TEST_HEAD.number + 10 * MAX_BLOCKS_BEHIND };
  const boasts: TestWitness["answers"] = async (question) => ({ ...answer(question), head: ahead });
  for (const [level, further] of [
    [1, 0],
    [3, 0],
    [1, 1],
    [2, 1],
    [1, 2],
  ] as const) {
    const { ask, witnesses } = testWitnesses([
      { id: 1, answers: honest },
      { id: 2, answers: boasts, head: ahead },
      ...Array.from({ length: level }, (_, at) => ({ id: 10 + at, answers: honest })),
      ...Array.from({ length: further }, (_, at) => ({ id: 20 + at, answers: honest, head: ahead })),
    ]);
    for (let asked = 0; asked < 10; asked++) {
      assert.equal((await testimonyOf(ask(truth)))[0], "agreed");
      await time.run(1_000);
    }
    const isLeft = witnesses.links.health.has(testNodeId(1));
    assert.equal(isLeft, 1 + further > level, `${level} are level with it, ${1 + further} ahead`);
  }
});

test("a node whose block most of the others still lack is left, unless there is one other only", async () => {
  for (const [lacking, sharing] of [
    [1, 0],
    [2, 0],
    [1, 1],
    [2, 1],
    [1, 2],
    [0, 2],
  ] as const) {
    const { witnesses } = testWitnesses([
      { id: 1, answers: honest },
      ...Array.from({ length: lacking }, (_, i) => ({ id: 10 + i, answers: at(99) })),
      ...Array.from({ length: sharing }, (_, i) => ({ id: 20 + i, answers: honest })),
      { id: 30, answers: unreachable },
    ]);
    const { signal } = new AbortController();
    const asked = { witnesses, serving: testNodeId(1), head: TEST_HEAD, signal };
    await time.settle(leaveIfAlone(asked), 10_000);
    const isAlone = isUnshared(witnesses.links, testNodeId(1), time.nowMs());
    const isMeant = lacking + sharing > 1 && lacking > sharing;
    assert.equal(isAlone, isMeant, `${lacking} lack it, ${sharing} have it`);
  }
});

test("what a node says at a new block of another matter does not hide that it stands still in a group", async () => {
  const newest = { ...TEST_HEAD, number: TEST_HEAD.number + MAX_BLOCKS_BEHIND };
  const { witnesses } = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, answers: honest, head: newest },
  ]);
  const serving = testNodeId(1);
  const compared = { witnesses, serving, newest, signal: new AbortController().signal };
  for (let asked = 0; asked < 10; asked++) {
    leaveIfBehind({ ...compared, group, claimed: TEST_HEAD });
    leaveIfBehind({ ...compared, claimed: newest });
    await time.run(1_000);
  }
  assert(witnesses.links.health.has(serving));
});

test("a question ends with its signal", async () => {
  const { ask } = testWitnesses([
    { id: 1, answers: honest },
    { id: 2, answers: hanging },
  ]);
  const controller = new AbortController();
  const asking = ask(truth, controller.signal);
  setTimeout(() => controller.abort(new Error("enough")), 500);
  await assert.rejects(time.settle(asking, 600), { message: "enough" });
});

test("what differs is named for every kind of fact", () => {
  const log = { node: testNodeId(4), generation: 1n, shard: 0 };
  const place = { log, sequence: 5n, block: 90 };
  const wallet = testOperator(3);
  const entry = { group, id: group, authority: testOperator(0), block: 3, index: 1 };
  const facts: [Fact, Fact][] = [
    [
      { kind: "entry", ...entry, children: 0 },
      { kind: "entry", ...entry, children: 1 },
    ],
    [
      { kind: "entry", ...entry, children: undefined },
      { kind: "entry", ...entry, index: 0, children: undefined },
    ],
    [
      { kind: "history", inbox, word: testHash(1) },
      { kind: "history", inbox, word: testHash(2) },
    ],
    [
      { kind: "wallet", wallet, inbox },
      { kind: "wallet", wallet, inbox: undefined },
    ],
    [
      { kind: "node", node: log.node, word: testHash(1) },
      { kind: "node", node: log.node, word: testHash(0) },
    ],
    [
      { kind: "node-count", count: 1 },
      { kind: "node-count", count: 2 },
    ],
    [
      { kind: "checkpoint", place, headerHash: testHash(1) },
      { kind: "checkpoint", place, headerHash: undefined },
    ],
    [
      { kind: "block", block: TEST_HEAD },
      { kind: "block", block: { ...TEST_HEAD, time: 1 } },
    ],
  ];
  const wordsFor = (fact: Fact) => {
    const [{ question } = { question: undefined }] = questionsOf({ head: TEST_HEAD, facts: [fact] });
    assert(question);
    const { words } = emptyAnswer(question);
    assert(words);
    return {
      ...words,
      ...(fact.kind === "entry" ? { entries: [entryWord({ ...fact, children: fact.children ?? 7 })] } : {}),
      ...(fact.kind === "history" ? { inboxes: [fact.word] } : {}),
      ...(fact.kind === "wallet" ? { wallets: [fact.inbox] } : {}),
      ...(fact.kind === "node" ? { nodes: [fact.word] } : {}),
      ...(fact.kind === "node-count" ? { nodeCount: fact.count } : {}),
      ...(fact.kind === "checkpoint" ? { checkpoints: [fact.headerHash] } : {}),
      ...(fact.kind === "block" ? { blocks: [fact.block] } : {}),
    };
  };
  for (const [one, other] of facts) {
    assert.equal(compareWords({ head: TEST_HEAD, facts: [one], words: wordsFor(one) }), undefined);
    const difference = compareWords({ head: TEST_HEAD, facts: [one], words: wordsFor(other) });
    assert(difference && difference.claimed !== difference.said && difference.fact.length > 5, one.kind);
  }
  const [[fact] = []] = facts;
  assert(fact);
  const words = { ...wordsFor(fact), block: { ...TEST_HEAD, time: 7 } };
  assert.equal(compareWords({ head: TEST_HEAD, facts: [fact], words })?.fact, "the block");
});

test("a large claim is cut into calls that nodes take, and no fact is lost", () => {
  const block = (number: number): Fact => ({ kind: "block", block: { ...TEST_HEAD, number } });
  const facts: Fact[] = [
    ...Array.from({ length: 1_500 }, (): Fact => ({ kind: "history", inbox, word: TRUE_WORD })),
    ...Array.from({ length: 200 }, (_, i) => block(i)),
    { kind: "node-count", count: 1 },
  ];
  const parts = questionsOf({ head: TEST_HEAD, facts });
  assert.deepEqual(
    parts.flatMap((part) => part.facts),
    facts,
  );
  for (const { question } of parts) {
    assert(countWords(question) <= 1_000 && question.blocks.length <= 64);
    assert.equal(question.block, TEST_HEAD.hash);
  }
});
