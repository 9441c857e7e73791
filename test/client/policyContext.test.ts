import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { contextAfterRename, contextAfterRole, firstContext } from "../../src/client/policy/nextContext.ts";
import { isWeftError } from "../../src/errors.ts";
import { type GroupContext, readGroupContext, writeGroupContext } from "../../src/wire/groupContext.ts";
import { asId, type InboxId } from "../../src/wire/ids.ts";

const inbox = (fill: number) => asId<InboxId>(new Uint8Array(32).fill(fill));
const base = firstContext({ name: "Plans", creator: inbox(1) });

const contexts: fc.Arbitrary<GroupContext> = fc
  .record({
    name: fc.string({ unit: "grapheme", maxLength: 40 }),
    salt: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    inboxes: fc.uniqueArray(fc.integer({ min: 0, max: 255 }), { maxLength: 12 }),
    cut: fc.nat(12),
    lateCommits: fc.nat(64),
    lateSeconds: fc.nat(23 * 3600),
    rotationIntervalBlocks: fc.nat(14_400),
  })
  .map(({ inboxes, cut, ...rest }) => ({
    ...rest,
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
  const newer = Uint8Array.of(0x08, 0x02, 0xff, 0xff, 0xff);
  assert.deepEqual(readGroupContext(newer), { kind: "newer-version", version: 2 });
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
  ];
  for (const [context, code] of broken) {
    assert.throws(
      () => writeGroupContext(context),
      (error) => isWeftError(error, code),
    );
  }
  writeGroupContext(contextAfterRename({ context: base, name: "ä".repeat(128) }));
});

test("roles move an inbox between the lists", () => {
  const admin = contextAfterRole({ context: base, inbox: inbox(0), role: "admin" });
  assert.deepEqual([admin.superAdmins, admin.admins], [[inbox(1)], [inbox(0)]]);
  const promoted = contextAfterRole({ context: admin, inbox: inbox(0), role: "super-admin" });
  assert.deepEqual([promoted.superAdmins, promoted.admins], [[inbox(0), inbox(1)], []]);
  const demoted = contextAfterRole({ context: promoted, inbox: inbox(0), role: "member" });
  assert.deepEqual([demoted.superAdmins, demoted.admins], [[inbox(1)], []]);
});
