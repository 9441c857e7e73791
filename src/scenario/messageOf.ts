import { WeftError } from "../errors.ts";
import type { MessageId } from "../wire/ids.ts";
import type { Stage } from "./stage.ts";

/** The message that an earlier step gave this name. Throws `unknown-message` for a name that no message has (yet). */
export function messageOf(params: { stage: Stage; name: string }): MessageId {
  const message = params.stage.messages.get(params.name);
  if (message !== undefined) return message;
  throw new WeftError({ code: "unknown-message", message: `nobody has sent "${params.name}"` });
}
