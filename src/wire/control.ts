import { create } from "@bufbuild/protobuf";
import { type Control, ControlSchema } from "../gen/weft/v1/entry_pb.ts";
import { asId, type EntryId, fromHex, ID_BYTES, type MessageId } from "./ids.ts";

/** An ordered instruction that is not a commit. */
export type ControlInstruction =
  /** Deletes somebody else's message. */
  | { readonly kind: "delete-message"; readonly message: MessageId }
  /** Asks the others to remove the writer's inbox. */
  | { readonly kind: "leave" }
  | Appeal;

/** Written below the parent of an entry that the writer can't follow, and about it. */
export type Appeal =
  /** Asks the others to remove the writer's installation and to add it again. */
  | { readonly kind: "request"; readonly entry: EntryId }
  /** A secret by which everyone sees that nobody can follow the entry. */
  | {
      readonly kind: "evidence";
      readonly entry: EntryId;
      readonly pathSecret: Uint8Array;
      readonly stepIndex: number;
    };

const PATH_SECRET_BYTES = 32;

export function writeControl(instruction: ControlInstruction): Control {
  switch (instruction.kind) {
    case "delete-message":
      return create(ControlSchema, {
        instruction: { case: "deleteMessage", value: { message: fromHex(instruction.message) } },
      });
    case "leave":
      return create(ControlSchema, { instruction: { case: "leave", value: {} } });
    case "request": {
      const value = { entry: fromHex(instruction.entry) };
      return create(ControlSchema, { instruction: { case: "request", value } });
    }
    case "evidence": {
      const { entry, pathSecret, stepIndex: step } = instruction;
      const value = { entry: fromHex(entry), pathSecret, step };
      return create(ControlSchema, { instruction: { case: "evidence", value } });
    }
  }
}

/** `undefined` for one that says nothing, or names no message or entry. */
export function readControl({ instruction }: Control): ControlInstruction | undefined {
  switch (instruction.case) {
    case "deleteMessage": {
      const { message } = instruction.value;
      return message.length === ID_BYTES ? { kind: "delete-message", message: asId(message) } : undefined;
    }
    case "leave":
      return { kind: "leave" };
    case "request": {
      const { entry } = instruction.value;
      return entry.length === ID_BYTES ? { kind: "request", entry: asId(entry) } : undefined;
    }
    case "evidence": {
      const { entry, pathSecret, step: stepIndex } = instruction.value;
      if (entry.length !== ID_BYTES || pathSecret.length !== PATH_SECRET_BYTES) return undefined;
      return { kind: "evidence", entry: asId(entry), pathSecret, stepIndex };
    }
    case undefined:
      return undefined;
  }
}
