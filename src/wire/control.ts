import { create } from "@bufbuild/protobuf";
import { type Control, ControlSchema } from "../gen/weft/v1/entry_pb.ts";
import { asId, fromHex, ID_BYTES, type MessageId } from "./ids.ts";

/** An ordered instruction that is not a commit. */
export type ControlInstruction =
  /** Deletes somebody else's message. */
  | { readonly kind: "delete-message"; readonly message: MessageId }
  /** Asks the others to remove the writer's inbox. */
  | { readonly kind: "leave" };

export function writeControl(instruction: ControlInstruction): Control {
  switch (instruction.kind) {
    case "delete-message":
      return create(ControlSchema, {
        instruction: { case: "deleteMessage", value: { message: fromHex(instruction.message) } },
      });
    case "leave":
      return create(ControlSchema, { instruction: { case: "leave", value: {} } });
  }
}

/** `undefined` for one that says nothing or names no message. */
export function readControl({ instruction }: Control): ControlInstruction | undefined {
  switch (instruction.case) {
    case "deleteMessage": {
      const { message } = instruction.value;
      return message.length === ID_BYTES ? { kind: "delete-message", message: asId(message) } : undefined;
    }
    case "leave":
      return { kind: "leave" };
    case undefined:
      return undefined;
  }
}
