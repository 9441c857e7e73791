import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { isWeftError } from "../../src/errors.ts";
import { flatten, readScenario } from "../../src/scenario/readScenario.ts";

const scenarios = new URL("../../scripts/scenarios/", import.meta.url);

test("every shipped scenario is in the language", async () => {
  const files = (await readdir(scenarios)).sort();
  assert.ok(files.includes("first-chat.jsonl"));
  for (const file of files) {
    const text = await readFile(new URL(file, scenarios), "utf8");
    assert.ok(readScenario({ name: file, text, nodes: 3 }).steps.length > 0, file);
  }
});

test("a step keeps its line, its title and the reason it names", () => {
  const text = [
    '{"do":"create","by":"alice","group":"g","members":["bob"]}',
    "",
    '{"do":"together","steps":[{"do":"send","by":"bob","group":"g","text":"hi","as":"m1","fails":"removed"},{"do":"settle"}]}',
  ].join("\r\n");
  const { steps } = readScenario({ name: "play", text, nodes: 3 });
  assert.deepEqual(
    flatten(steps).map((step) => [step.line, step.do, step.title, step.fails]),
    [
      [1, "create", "alice creates g with bob", undefined],
      [3, "send", 'bob sends "hi"', "removed"],
      [3, "settle", "everyone settles", undefined],
    ],
  );
});

const refused: [line: string, message: RegExp][] = [
  ["{", /line 1: not JSON/],
  ["[]", /line 1: a step is a JSON object/],
  ["{}", /line 1, field "do": must name a step/],
  ['{"do":"dance"}', /field "do": there is no step "dance"; the steps are create, direct, send, reply/],
  ['{"do":"toString"}', /there is no step "toString"/],
  ['{"do":"send","by":"a","group":"g"}', /field "text": is missing; it must be a string/],
  ['{"do":"send","by":"","group":"g","text":"x"}', /field "by": must not be empty/],
  ['{"do":"send","by":7,"group":"g","text":"x"}', /field "by": must be a string, not 7/],
  ['{"do":"send","by":"a","group":"g","text":"x","txt":"y"}', /field "txt": unknown in step "send"/],
  ['{"do":"send","by":"a/2","group":"g","text":"x"}', /line 1: no step before has installed "a\/2"/],
  ['{"do":"send","by":"a/x","group":"g","text":"x"}', /field "by": a second installation is named like/],
  ['{"do":"revoke","by":"a"}', /field "installation": is missing/],
  [
    '{"do":"add","by":"a","group":"g","members":"b"}',
    /field "members": must be an array of strings, not "b"/,
  ],
  ['{"do":"add","by":"a","group":"g"}', /field "members": is missing/],
  ['{"do":"prefer","by":"a","group":"g","node":4}', /field "node": there is no node 4: the devnet has 3/],
  ['{"do":"stopNode","node":0}', /field "node": must be a whole number from 1, not 0/],
  ['{"do":"stopNode","node":1,"how":"gently"}', /field "how": must be kill or term, not "gently"/],
  ['{"do":"partition"}', /field "nodes": is missing; it must be lists of nodes from 1 to 3/],
  ['{"do":"partition","nodes":[[1,2],[4]]}', /field "nodes": must be lists of nodes from 1 to 3, like/],
  ['{"do":"partition","nodes":[[1,2],[2,3]]}', /field "nodes": names a node twice/],
  ['{"do":"chain","op":"stop"}', /field "op": must be pause or resume or reorg, not "stop"/],
  ['{"do":"chain","op":"reorg"}', /field "depth": is missing; it must be a whole number from 1/],
  ['{"do":"chain","op":"pause","depth":2}', /field "depth": unknown in step "chain"/],
  ['{"do":"crash"}', /field "client": is missing/],
  ['{"do":"settle","timeoutSeconds":0}', /field "timeoutSeconds": must be a number of seconds above 0/],
  ['{"do":"settle","fails":"removed"}', /field "fails": step "settle" has no intent/],
  ['{"do":"expect","by":"a","group":"g","gaps":-1}', /field "gaps": must be a whole number from 0, not -1/],
  ['{"do":"together","steps":[]}', /field "steps": must be an array with at least one step/],
  ['{"do":"together","steps":[{"do":"settel"}]}', /line 1, step 1, field "do": there is no step "settel"/],
  ["", /play: has no steps/],
];

for (const [line, message] of refused) {
  test(`refused with line and field: ${line || "an empty file"}`, () => {
    assert.throws(
      () => readScenario({ name: "play", text: line, nodes: 3 }),
      (error) => isWeftError(error, "bad-scenario") && message.test(error.message),
    );
  });
}

test("installations are named in their order, and act after the step that makes them", () => {
  const install = '{"do":"install","by":"a"}';
  const revoke = '{"do":"revoke","by":"a/2","installation":"a/3"}';
  const { steps } = readScenario({ name: "play", text: [install, install, revoke].join("\n"), nodes: 3 });
  const titles = steps.map(({ title }) => title);
  assert.deepEqual(titles, ["a installs a/2", "a installs a/3", "a/2 revokes a/3"]);
  assert.throws(
    () => readScenario({ name: "play", text: [install, revoke, install].join("\n"), nodes: 3 }),
    /line 2: no step before has installed "a\/3"/,
  );
});

test("a group is created once, a message named once", () => {
  const create = '{"do":"create","by":"a","group":"g","members":[]}';
  const send = '{"do":"send","by":"a","group":"g","text":"x","as":"m"}';
  assert.throws(
    () => readScenario({ name: "play", text: `${create}\n${create}`, nodes: 3 }),
    /line 2, field "group": group "g" is created twice/,
  );
  assert.throws(
    () => readScenario({ name: "play", text: `${create}\n${send}\n${send}`, nodes: 3 }),
    /line 3, field "as": message "m" is named twice/,
  );
});
