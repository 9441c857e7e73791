import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { randomBytes } from "#crypto";
import { ControlSchema } from "../../src/gen/weft/v1/entry_pb.ts";
import { readControl, writeControl } from "../../src/wire/control.ts";
import { asId, type EntryId, type MessageId } from "../../src/wire/ids.ts";

test("controls are read as they were written", () => {
  const message = asId<MessageId>(randomBytes(32));
  const entry = asId<EntryId>(randomBytes(32));
  for (const instruction of [
    { kind: "delete-message", message },
    { kind: "leave" },
    { kind: "request", entry },
    { kind: "evidence", entry, pathSecret: randomBytes(32), stepIndex: 3 },
  ] as const) {
    assert.deepEqual(readControl(writeControl(instruction)), instruction);
  }
});

test("a control that says nothing, or names no message or entry, is none", () => {
  assert.equal(readControl(create(ControlSchema, {})), undefined);
  for (const length of [0, 31, 33]) {
    const instruction = { case: "deleteMessage", value: { message: new Uint8Array(length) } } as const;
    assert.equal(readControl(create(ControlSchema, { instruction })), undefined);
    const request = { case: "request", value: { entry: new Uint8Array(length) } } as const;
    assert.equal(readControl(create(ControlSchema, { instruction: request })), undefined);
    for (const value of [
      { entry: new Uint8Array(length), pathSecret: randomBytes(32) },
      { entry: randomBytes(32), pathSecret: new Uint8Array(length) },
    ]) {
      const evidence = { case: "evidence", value } as const;
      assert.equal(readControl(create(ControlSchema, { instruction: evidence })), undefined);
    }
  }
});
