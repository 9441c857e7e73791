import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { rankNodes, utcDay } from "../../src/reconciler/nodes/rankNodes.ts";
import { asId, type NodeId } from "../../src/wire/ids.ts";

const nodes = fc
  .uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }), { maxLength: 12, selector: String })
  .map((ids) => ids.map((id) => ({ node: asId<NodeId>(id) })));
const salt = fc.uint8Array({ minLength: 32, maxLength: 32 });
const day = fc.nat(40_000);

const ids = (ranked: readonly { node: NodeId }[]) => ranked.map(({ node }) => node);

test("all members rank the same nodes alike, whatever order they know them in", () => {
  fc.assert(
    fc.property(nodes, salt, day, (some, theSalt, theDay) => {
      const ranked = ids(rankNodes({ nodes: some, salt: theSalt, day: theDay }));
      assert.deepEqual(ids(rankNodes({ nodes: some.toReversed(), salt: theSalt, day: theDay })), ranked);
      assert.deepEqual(ranked.toSorted(), ids(some).toSorted());
    }),
  );
});

test("a node that leaves or comes keeps the order of the others", () => {
  fc.assert(
    fc.property(nodes, salt, day, fc.nat(), (some, theSalt, theDay, pick) => {
      const gone = some[pick % Math.max(1, some.length)];
      const stay = some.filter((one) => one !== gone);
      const ranked = ids(rankNodes({ nodes: some, salt: theSalt, day: theDay }));
      assert.deepEqual(
        ids(rankNodes({ nodes: stay, salt: theSalt, day: theDay })),
        ranked.filter((id) => id !== gone?.node),
      );
    }),
  );
});

test("a preferred node comes first and leaves the others in their order; an unknown one changes nothing", () => {
  fc.assert(
    fc.property(nodes, salt, day, fc.nat(), (some, theSalt, theDay, pick) => {
      const preferred = some[pick % Math.max(1, some.length)]?.node;
      const ranked = ids(rankNodes({ nodes: some, salt: theSalt, day: theDay }));
      const overridden = ids(rankNodes({ nodes: some, salt: theSalt, day: theDay, preferred }));
      assert.deepEqual(
        overridden,
        preferred ? [preferred, ...ranked.filter((id) => id !== preferred)] : ranked,
      );
      const unknown = asId<NodeId>(new Uint8Array(32).fill(7));
      const others = some.filter(({ node }) => node !== unknown);
      assert.deepEqual(
        ids(rankNodes({ nodes: others, salt: theSalt, day: theDay, preferred: unknown })),
        ids(rankNodes({ nodes: others, salt: theSalt, day: theDay })),
      );
    }),
  );
});

test("conversations spread over the nodes, and each day anew", () => {
  const three = [1, 2, 3].map((fill) => ({ node: asId<NodeId>(new Uint8Array(32).fill(fill)) }));
  const firsts = Array.from({ length: 600 }, (_, i) => {
    const theSalt = new Uint8Array(32).fill(i & 0xff);
    return ids(rankNodes({ nodes: three, salt: theSalt, day: i }))[0];
  });
  for (const { node } of three) {
    const share = firsts.filter((first) => first === node).length;
    assert.ok(share > 140 && share < 260, `${share} of 600`);
  }
});

test("a day is the UTC day", () => {
  assert.equal(utcDay(Date.UTC(1970, 0, 1, 23, 59, 59, 999)), 0);
  assert.equal(utcDay(Date.UTC(1970, 0, 2)), 1);
});

test("the order is that of SHA-256 over label, salt, day and node id", () => {
  const three = [1, 2, 3].map((fill) => ({ node: asId<NodeId>(new Uint8Array(32).fill(fill)) }));
  const theSalt = new Uint8Array(32).fill(5);
  const score = (id: NodeId) =>
    createHash("sha256")
      .update("weft.rank.v1")
      .update(theSalt)
      .update(Buffer.from("0000000000004e20", "hex"))
      .update(Buffer.from(id.slice(2), "hex"))
      .digest("hex");
  const expected = ids(three).sort((a, b) => score(b).localeCompare(score(a)));
  assert.deepEqual(ids(rankNodes({ nodes: three, salt: theSalt, day: 20_000 })), expected);
});
