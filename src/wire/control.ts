import { create } from "@bufbuild/protobuf";
import { type Control, ControlSchema } from "../gen/weft/v1/entry_pb.ts";
import { asId, type EntryId, fromHex, type Hex, ID_BYTES, type MessageId, toHex } from "./ids.ts";

/** An ordered instruction that is not a commit. */
export type ControlInstruction =
  /** Deletes somebody else's message. */
  | { readonly kind: "delete-message"; readonly message: MessageId }
  /** Asks the others to remove the writer's inbox. */
  | { readonly kind: "leave" }
  | Appeal;

/** A control about an entry that its writer can't follow; it is a child of that entry's parent. */
export type Appeal =
  /** Asks the others to remove the writer's installation and to add it again. */
  | Request
  /** A secret by which everyone sees that nobody can follow the entry. */
  | {
      readonly kind: "evidence";
      readonly entry: EntryId;
      readonly pathSecret: Uint8Array;
      readonly stepIndex: number;
    };

export type Request = {
  readonly kind: "request";
  readonly entry: EntryId;
  /** SHA-256 of the writer's leaf node: the request is good for no other leaf of its. */
  readonly leaf?: Hex;
};

const PATH_SECRET_BYTES = 32;
const NO_LEAF = new Uint8Array();

export function writeControl(instruction: ControlInstruction): Control {
  switch (instruction.kind) {
    case "delete-message":
      return create(ControlSchema, {
        instruction: { case: "deleteMessage", value: { message: fromHex(instruction.message) } },
      });
    case "leave":
      return create(ControlSchema, { instruction: { case: "leave", value: {} } });
    case "request": {
      const { entry, leaf } = instruction;
      const value = { entry: fromHex(entry), leaf: leaf === undefined ? NO_LEAF : fromHex(leaf) };
      return create(ControlSchema, { instruction: { case: "request", value } });
    }
    case "evidence": {
      const { entry, pathSecret, stepIndex: step } = instruction;
      const value = { entry: fromHex(entry), pathSecret, step };
      return create(ControlSchema, { instruction: { case: "evidence", value } });
    }
  }
}

/** Reads a control; undefined for one that says nothing, or names no message or entry. */
export function readControl({ instruction }: Control): ControlInstruction | undefined {
  switch (instruction.case) {
    case "deleteMessage": {
      const { message } = instruction.value;
      return message.length === ID_BYTES ? { kind: "delete-message", message: asId(message) } : undefined;
    }
    case "leave":
      return { kind: "leave" };
    case "request": {
      const { entry, leaf } = instruction.value;
      const isLeaf = leaf.length === 0 || leaf.length === ID_BYTES;
      if (entry.length !== ID_BYTES || !isLeaf) return undefined;
      const asked = { kind: "request", entry: asId<EntryId>(entry) } as const;
      return leaf.length === 0 ? asked : { ...asked, leaf: toHex(leaf) };
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
