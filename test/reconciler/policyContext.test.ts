import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { randomBytes } from "#crypto";
import { isWeftError } from "../../src/errors.ts";
import {
  contextAfterRename,
  contextAfterRole,
  firstContext,
} from "../../src/reconciler/policy/nextContext.ts";
import { type GroupContext, readGroupContext, writeGroupContext } from "../../src/wire/groupContext.ts";
import { asId, type InboxId, type InstallationKey } from "../../src/wire/ids.ts";
import { readNumbered, writeNumbered } from "../../src/wire/numbered.ts";

const inbox = (fill: number) => asId<InboxId>(new Uint8Array(32).fill(fill));
const returning = (fill: number) => ({
  installation: asId<InstallationKey>(new Uint8Array(32).fill(fill)),
  inbox: inbox(fill),
  block: fill * 1000,
});
const extraOf = (numbers: readonly number[], value: Uint8Array) =>
  writeNumbered(numbers.toSorted((a, b) => a - b).map((number) => ({ number, value })));
const base = firstContext({ drawBytes: randomBytes, name: "Plans", creator: inbox(1) });

const contexts: fc.Arbitrary<GroupContext> = fc
  .record({
    name: fc.string({ unit: "grapheme", maxLength: 40 }),
    salt: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    inboxes: fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 12 }),
    cut: fc.nat(12),
    lateCommits: fc.nat(64),
    lateSeconds: fc.nat(23 * 3600),
    rotationIntervalBlocks: fc.nat(14_400),
    away: fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 4 }),
    settings: fc.uniqueArray(fc.integer({ min: 10, max: 40_000 }), { maxLength: 3 }),
    value: fc.uint8Array({ maxLength: 200 }),
    version: fc.constantFrom(1, 2),
  })
  .map(({ inboxes, cut, away, settings, value, version, ...rest }) => ({
    ...{ ...rest, version },
    returning: version === 1 ? [] : away.sort((a, b) => a - b).map(returning),
    extra: version === 1 ? new Uint8Array() : extraOf(settings, value),
    superAdmins: inboxes.slice(0, cut).map(inbox).sort(),
    admins: inboxes.slice(cut).map(inbox).sort(),
  }));

test("a context reads back as it was written", () => {
  fc.assert(
    fc.property(contexts, (context) => {
      assert.deepEqual(readGroupContext(writeGroupContext(context)), { kind: "context", context });
    }),
  );
});

test("no two encodings give one context, and nothing makes the reader throw", () => {
  fc.assert(
    fc.property(contexts, fc.nat(), fc.nat(255), (context, at, value) => {
      const bytes = writeGroupContext(context);
      const mutated = Uint8Array.from(bytes);
      mutated[at % bytes.length] = value;
      const reading = readGroupContext(mutated);
      if (reading.kind === "context") assert.deepEqual(writeGroupContext(reading.context), mutated);
      for (const cut of [bytes.subarray(0, at % bytes.length), Uint8Array.of(...bytes, value)]) {
        const partial = readGroupContext(cut);
        if (partial.kind === "context") assert.deepEqual(writeGroupContext(partial.context), cut);
      }
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readGroupContext(bytes)));
});

test("a newer version is told from junk, whatever follows its number", () => {
  const newer = Uint8Array.of(0x08, 0x03, 0xff, 0xff, 0xff);
  assert.deepEqual(readGroupContext(newer), { kind: "newer-version", version: 3 });
  const far = Uint8Array.of(0x08, 0xff, 0xff, 0xff, 0xff, 0x0f);
  assert.deepEqual(readGroupContext(far), { kind: "newer-version", version: 2 ** 32 - 1 });
  for (const junk of [[0x08], [0x08, 0x00], [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], []]) {
    assert.deepEqual(readGroupContext(Uint8Array.from(junk)), { kind: "malformed" });
  }
});

test("what breaks a rule is not written", () => {
  const broken: [GroupContext, "malformed" | "too-large"][] = [
    [{ ...base, name: "ä".repeat(129) }, "too-large"],
    [{ ...base, name: "\ud800" }, "malformed"],
    [{ ...base, salt: new Uint8Array(31) }, "malformed"],
    [{ ...base, superAdmins: [inbox(2), inbox(1)] }, "malformed"],
    [{ ...base, superAdmins: [inbox(1), inbox(1)] }, "malformed"],
    [{ ...base, admins: [inbox(1)] }, "malformed"],
    [{ ...base, lateCommits: 65 }, "malformed"],
    [{ ...base, lateSeconds: 24 * 3600 }, "malformed"],
    [{ ...base, rotationIntervalBlocks: 14_401 }, "malformed"],
    [{ ...base, version: 0 }, "malformed"],
    [{ ...base, version: 3 }, "malformed"],
    [{ ...base, version: 1, returning: [returning(1)] }, "malformed"],
    [{ ...base, version: 1, extra: Uint8Array.of(0x0a, 0) }, "malformed"],
    [{ ...base, returning: [returning(2), returning(1)] }, "malformed"],
    [{ ...base, returning: [returning(1), returning(1)] }, "malformed"],
    [{ ...base, extra: Uint8Array.of(0x0a, 1) }, "malformed"],
    [{ ...base, extra: new Uint8Array(5000) }, "malformed"],
  ];
  for (const [context, code] of broken) {
    assert.throws(
      () => writeGroupContext(context),
      (error) => isWeftError(error, code),
    );
  }
  writeGroupContext(contextAfterRename({ context: base, name: "ä".repeat(128) }));
});

test("settings are numbered in ascending order and have one encoding", () => {
  const value = Uint8Array.of(7);
  const two = [1, 300].map((number) => ({ number, value }));
  assert.deepEqual(readNumbered(writeNumbered(two)), two);
  assert.deepEqual(readNumbered(new Uint8Array()), []);
  for (const numbers of [[2, 1], [1, 1], [0], [2 ** 28]]) {
    assert.throws(
      () => writeNumbered(numbers.map((number) => ({ number, value }))),
      (error) => isWeftError(error, "malformed"),
    );
  }
  // Another wire type, a long form of the tag, a long form of the length, and bytes that are not there.
  for (const bad of [[0x08, 1], [0x8a, 0x00, 0], [0x0a, 0x80, 0x00], [0x0a, 2, 1], [0x0a], [0x8a]]) {
    assert.equal(readNumbered(Uint8Array.from(bad)), undefined);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      const items = readNumbered(bytes);
      if (items) assert.deepEqual(writeNumbered(items), bytes);
    }),
    { numRuns: 2000 },
  );
});

test("roles move an inbox between the lists", () => {
  const admin = contextAfterRole({ context: base, inbox: inbox(0), role: "admin" });
  assert.deepEqual([admin.superAdmins, admin.admins], [[inbox(1)], [inbox(0)]]);
  const promoted = contextAfterRole({ context: admin, inbox: inbox(0), role: "super-admin" });
  assert.deepEqual([promoted.superAdmins, promoted.admins], [[inbox(0), inbox(1)], []]);
  const demoted = contextAfterRole({ context: promoted, inbox: inbox(0), role: "member" });
  assert.deepEqual([demoted.superAdmins, demoted.admins], [[inbox(1)], []]);
});
