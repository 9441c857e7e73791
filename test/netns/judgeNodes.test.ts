import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeCopies } from "../../scripts/netns/judgeNodes.ts";
import type { Seat } from "../../scripts/netns/openWorld.ts";
import { asId, type EnvelopeHash } from "../../src/wire/ids.ts";

const hashOf = (number: number): EnvelopeHash => asId(new Uint8Array(32).fill(number));

test("what is lost, there twice or from nobody is told", () => {
  const [lost, doubled, foreign, unacknowledged] = [1, 2, 3, 4].map(hashOf) as [
    EnvelopeHash,
    EnvelopeHash,
    EnvelopeHash,
    EnvelopeHash,
  ];
  const seat = {} as Seat;
  const poster = {
    posted: new Set([lost, doubled, unacknowledged]),
    acknowledged: new Map([lost, doubled].map((hash) => [hash, seat])),
  };
  const told = (copies: [EnvelopeHash, number][]) => judgeCopies({ copies: new Map(copies), poster });
  const well: [EnvelopeHash, number][] = [
    [lost, 1],
    [doubled, 1],
  ];
  assert.deepEqual(told(well), []);
  assert.deepEqual(told([...well, [unacknowledged, 1]]), []);
  assert.deepEqual(told([[doubled, 1]]), ["lacks 1 acknowledged envelopes"]);
  assert.deepEqual(
    told([
      [lost, 1],
      [doubled, 2],
    ]),
    ["has 1 more than once"],
  );
  assert.deepEqual(told([...well, [foreign, 1]]), ["has 1 that nobody posted"]);
});
