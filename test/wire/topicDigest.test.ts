import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isWeftError } from "../../src/errors.ts";
import { asId, type NodeId } from "../../src/wire/ids.ts";
import {
  EMPTY_SUM,
  isSameSum,
  sumBytes,
  sumFromBytes,
  type TopicElement,
  type TopicSum,
  withElement,
  withoutSum,
} from "../../src/wire/topicDigest.ts";

const filled = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const element: fc.Arbitrary<TopicElement> = fc.record({
  topic: filled(33),
  log: fc.record({
    node: filled(32).map((bytes) => asId<NodeId>(bytes)),
    generation: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    shard: fc.nat({ max: 2 ** 32 - 1 }),
  }),
  sequence: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  hash: filled(32),
});
const sumOf = (elements: readonly TopicElement[]): TopicSum => elements.reduce(withElement, EMPTY_SUM);

test("a sum does not depend on the order, and ranges can be taken off it", () => {
  fc.assert(
    fc.property(fc.array(element, { maxLength: 12 }), fc.nat(12), (elements, cut) => {
      const whole = sumOf(elements);
      assert.deepEqual(sumOf(elements.toReversed()), whole);
      assert.deepEqual(withoutSum(whole, sumOf(elements.slice(0, cut))), sumOf(elements.slice(cut)));
      assert.deepEqual(
        sumFromBytes({ count: BigInt(whole.count), bytes: sumBytes(whole) }),
        whole,
        "it goes over the wire and back",
      );
    }),
    { numRuns: 50 },
  );
});

test("whatever differs in one element shows", () => {
  fc.assert(
    fc.property(element, element, (a, b) => {
      const others: TopicElement[] = [
        { ...a, topic: b.topic },
        { ...a, log: { ...a.log, node: b.log.node } },
        { ...a, log: { ...a.log, generation: b.log.generation } },
        { ...a, log: { ...a.log, shard: b.log.shard } },
        { ...a, sequence: b.sequence },
        { ...a, hash: b.hash },
      ];
      const sum = sumOf([a]);
      for (const other of others) {
        assert.equal(
          isSameSum(sumOf([other]), sum),
          JSON.stringify(plain(other)) === JSON.stringify(plain(a)),
        );
      }
      assert.equal(isSameSum(sumOf([a, a]), sum), false, "an element counts as often as it is there");
    }),
    { numRuns: 50 },
  );
});

test("a sum of another length is malformed", () => {
  for (const length of [0, 32, 255, 257]) {
    const read = () => sumFromBytes({ count: 1n, bytes: new Uint8Array(length) });
    assert.throws(read, (error) => isWeftError(error, "malformed"));
  }
  const huge = () => sumFromBytes({ count: 2n ** 63n, bytes: new Uint8Array(256) });
  assert.throws(huge, (error) => isWeftError(error, "malformed"));
});

function plain({ topic, log, sequence, hash }: TopicElement): unknown {
  return [[...topic], log.node, `${log.generation}`, log.shard, `${sequence}`, [...hash]];
}
