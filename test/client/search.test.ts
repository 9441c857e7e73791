import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { crashAtNextWrite } from "../../src/client/crashAtNextWrite.ts";
import { tables } from "../../src/client/database/tables.ts";
import type { Group } from "../../src/client/group/group.ts";
import { searchMessages } from "../../src/index.ts";
import { asId, type GroupId, type InboxId, toHex } from "../../src/wire/ids.ts";
import { messageIdOf } from "../../src/wire/messageContent.ts";
import { textPart } from "../../src/wire/part.ts";
import { deletes, relates, says } from "../support/contents.ts";
import { addOfflineGroup, type OfflineClient, openOfflineClient } from "../support/openOfflineClient.ts";
import { contentOf, show } from "../support/showOffline.ts";

const OTHER = asId<InboxId>(new Uint8Array(32).fill(2));
let offline: OfflineClient;
before(async () => {
  offline = await openOfflineClient();
});
after(async () => await offline[Symbol.asyncDispose]());

const addGroup = () =>
  addOfflineGroup({ core: offline.core, group: asId<GroupId>(randomBytes(32)), epochs: 3 });
const say = async (group: Group, text: string, sentAtMs = 0) => {
  const content = { ...contentOf(offline, group, says(text), OTHER), sentAtMs };
  await show(offline, group, content);
  return content;
};
type Asked = Omit<Parameters<typeof searchMessages>[0], "client">;
const find = async (asked: Asked) => {
  const { found } = await searchMessages({ client: offline.client, ...asked });
  return found.map(({ text }) => text);
};
/** The rows of a group's messages in the index. */
const rowsOf = async ({ id }: Group): Promise<string[]> => {
  const rows: string[] = [];
  for await (const { fields } of tables.word.rows(offline.core.database)) {
    const word = Buffer.from(fields.word).toString().replaceAll("\0", "");
    if (toHex(fields.group) === id) rows.push(word);
  }
  return rows.sort();
};

test("words are found in whatever form, order and case, the last by its beginning", async () => {
  const { id: group } = await addGroup();
  const handle = offline.core.groups.get(group) ?? assert.fail();
  const texts = ["Who brings the bread?", "Der Straßenbahn-Fahrer", "ΟΔΟΣ ﬁne ﬁsh", "a👍b thumbs", "don't"];
  for (const [i, text] of texts.entries()) await say(handle, text, i);
  const cases: readonly [string, string | undefined][] = [
    ["bread", texts[0]],
    ["BREAD who", texts[0]],
    ["bread, bri", texts[0]],
    ["bri bread", undefined],
    ["read", undefined],
    ["STRASSENBAHN", texts[1]],
    ["fahr", texts[1]],
    ["οδος", texts[2]],
    ["fine FI", texts[2]],
    ["👍", texts[3]],
    ["t don", texts[4]],
    ["?!", undefined],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(await find({ text, group }), expected === undefined ? [] : [expected], text);
  }
  assert.deepEqual(await find({ group }), texts.toReversed(), "without words: all, the last first");
});

test("text without spaces is found by what it holds", async () => {
  const { id: group } = await addGroup();
  const handle = offline.core.groups.get(group) ?? assert.fail();
  const texts = ["明日パンを持ってきて", "日本語とEnglishの話", "日本と本語", "ฉันซื้อขนมปัง"];
  for (const [i, text] of texts.entries()) await say(handle, text, i);
  const cases: readonly [string, readonly number[]][] = [
    ["パン", [0]],
    ["日本語", [1]],
    ["語", [2, 1]],
    ["日", [2, 1, 0]],
    ["て", [0]],
    ["日本 english", [1]],
    ["ขนม", [3]],
    ["本日", []],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(
      await find({ text, group }),
      expected.map((i) => texts[i]),
      text,
    );
  }
});

test("what is edited, deleted or fenced is found by what it shows, and leaves no word behind", async () => {
  const group = await addGroup();
  const at = { group: group.id };
  const first = await say(group, "first words");
  assert.deepEqual(await rowsOf(group), ["", "first", "words"]);
  await show(
    offline,
    group,
    contentOf(
      offline,
      group,
      relates("edit", messageIdOf(first), { parts: [textPart("other words")] }),
      OTHER,
    ),
  );
  assert.deepEqual(await find({ text: "first", ...at }), []);
  assert.deepEqual(await find({ text: "other", ...at }), ["other words"]);
  assert.deepEqual(await rowsOf(group), ["", "other", "words"]);
  await show(offline, group, first, { epoch: 2, verdict: "fenced" });
  assert.deepEqual(await find({ text: "other", ...at }), ["other words"]);
  await show(offline, group, contentOf(offline, group, deletes(messageIdOf(first)), OTHER));
  assert.deepEqual(await rowsOf(group), []);
  const early = contentOf(offline, group, says("never seen"), OTHER);
  await show(offline, group, contentOf(offline, group, deletes(messageIdOf(early)), OTHER));
  await show(offline, group, early);
  assert.deepEqual(await rowsOf(group), []);
});

test("times bound a search, and pages make up the whole", async () => {
  const [a, b] = [await addGroup(), await addGroup()];
  const word = `w${toHex(randomBytes(4)).slice(2)}`;
  const expected: string[] = [];
  for (let i = 0; i < 60; i++) {
    const text = `${word} number${i} ${i % 2 ? "odd" : "even"}`;
    await say(i % 3 ? a : b, text, 1_000 + i);
    expected.unshift(text);
  }
  assert.deepEqual(await find({ text: word, limit: 100 }), expected);
  assert.deepEqual(await find({ text: word, from: 1_010, to: 1_012 }), expected.slice(48, 50));
  const odd = expected.filter((text) => text.endsWith("odd"));
  assert.deepEqual(await find({ text: `${word} odd`, limit: 100 }), odd);
  assert.deepEqual(
    await find({ text: `odd ${word.slice(0, 4)}`, limit: 100, from: 1_000, to: 2_000 }),
    odd,
    "by a beginning",
  );
  const paged: string[] = [];
  let next: Asked["before"];
  do {
    const page = await searchMessages({
      ...{ client: offline.client, text: `${word} n`, limit: 7, group: a.id },
      ...(next === undefined ? {} : { before: next }),
    });
    paged.push(...page.found.map(({ text }) => text));
    next = page.next;
  } while (next !== undefined);
  assert.deepEqual(
    paged,
    expected.filter((_, i) => (59 - i) % 3 > 0),
    "also where a beginning has too many words",
  );
});

test("any words are found as a look at all texts finds them", async () => {
  const alphabet = fc.constantFrom("ab", "abc", "b", "ba", "日本", "本", "x");
  const sentence = fc.array(alphabet, { minLength: 1, maxLength: 4 }).map((words) => words.join(" "));
  const property = fc.asyncProperty(
    fc.array(fc.tuple(sentence, fc.nat(5)), { minLength: 1, maxLength: 12 }),
    sentence,
    async (said, asked) => {
      const group = await addGroup();
      for (const [text, at] of said) await say(group, text, at);
      const wanted = asked.split(" ");
      const isIn = (text: string) =>
        wanted.every((word, i) => {
          const words = text.split(" ");
          if (/[日本]/.test(word)) return words.some((one) => one.includes(word));
          return words.some((one) => (i === wanted.length - 1 ? one.startsWith(word) : one === word));
        });
      const expected = said.map(([text]) => text).filter(isIn);
      const found = await find({ text: asked, group: group.id, limit: 100 });
      assert.deepEqual(found.toSorted(), expected.toSorted());
    },
  );
  await fc.assert(property, { numRuns: 40 });
});

test("a process that dies at a write has either the message with its words or neither", async () => {
  for (const takesEffect of [true, false]) {
    const group = await addGroup();
    const crashed = crashAtNextWrite({ client: offline.client, takesEffect });
    await assert.rejects(say(group, "last words"));
    await crashed;
    offline = await offline.reopen();
    assert.deepEqual(await rowsOf(group), takesEffect ? ["", "last", "words"] : []);
    assert.deepEqual(await find({ text: "last", group: group.id }), takesEffect ? ["last words"] : []);
  }
});

test("bad places and numbers are refused, and a long text fills no more than its share", async () => {
  const group = await addGroup();
  const { client } = offline;
  for (const before of ["0x", "0x00", `0x${"ff".repeat(72)}`, "junk" as "0x"] as const) {
    await assert.rejects(searchMessages({ client, before }), { code: "bad-cursor" });
  }
  for (const bad of [{ limit: -1 }, { from: 0.5 }, { to: Number.NaN }]) {
    await assert.rejects(searchMessages({ client, ...bad }), { code: "bad-config" });
  }
  await say(group, Array.from({ length: 1_000 }, (_, i) => `word${i}`).join(" "));
  assert.equal((await rowsOf(group)).length, 257);
  await say(group, "é".repeat(10_000));
  assert.equal((await find({ text: "é".repeat(9_000), group: group.id })).length, 1);
  assert.equal((await find({ text: `${"é".repeat(9_000)}x`, group: group.id })).length, 0);
});
