import { WeftError } from "../../errors.ts";
import { type Client, type ConversationId, listMessages, type MessageItem } from "../../index.ts";

/** The message of a group whose id starts so, if it can be seen. Throws `bad-config` if there is none, or several. */
export async function findMessage(params: {
  client: Client;
  group: ConversationId;
  /** The beginning of an id, as the terminal shows it. */
  id: string;
}): Promise<MessageItem> {
  const { client, group, id } = params;
  const found = (await listMessages({ client, group })).flatMap((item) =>
    item.kind === "message" && item.state === "visible" && item.id.startsWith(id.toLowerCase()) ? [item] : [],
  );
  const [message, ...others] = found;
  if (message !== undefined && others.length === 0) return message;
  throw new WeftError({
    code: "bad-config",
    message: message === undefined ? "there is no such message" : `more than one id starts with ${id}`,
    hint: "/history in the chat shows the beginnings of ids, and `weft list --json` shows the ids.",
  });
}
