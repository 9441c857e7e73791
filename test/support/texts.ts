import { type Client, listMessages } from "../../src/index.ts";
import type { ConversationId } from "../../src/wire/ids.ts";

/** What a client sees said in a group, in the timeline's order. */
export async function texts({ client }: { client: Client }, group: ConversationId): Promise<string[]> {
  const items = await listMessages({ client, group });
  return items.flatMap((item) => (item.kind === "message" && item.text !== undefined ? [item.text] : []));
}
