import assert from "node:assert/strict";
import { sendMessage } from "../../src/index.ts";
import type { ConversationId } from "../../src/wire/ids.ts";
import type { TestClient } from "./openTestClient.ts";

/** Sends a text and waits until it is delivered. */
export async function say({ client }: Pick<TestClient, "client">, group: ConversationId, text: string) {
  const said = await sendMessage({ client, group, text });
  assert.deepEqual(await said.settled, { kind: "delivered" });
  return said;
}
