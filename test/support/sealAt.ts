import assert from "node:assert/strict";
import { randomBytes } from "#crypto";
import { coreOf } from "../../src/client/client.ts";
import { readState } from "../../src/client/database/epochStates.ts";
import { sealMessage } from "../../src/mls/sealMessage.ts";
import { postingCredentialOf } from "../../src/reconciler/branch/epochSecrets.ts";
import type { MessageBody } from "../../src/reconciler/timeline/composeMessage.ts";
import { writeApplicationMessage } from "../../src/wire/applicationMessage.ts";
import type { Envelope } from "../../src/wire/envelope.ts";
import { buildGroupEnvelope } from "../../src/wire/groupEnvelope.ts";
import { type EntryId, fromHex, type GroupId, type MessageId, toHex } from "../../src/wire/ids.ts";
import { type MessageContent, messageIdOf } from "../../src/wire/messageContent.ts";
import type { TestClient } from "./openTestClient.ts";

/** What a client that does not care where it stands seals to an epoch that it was in. */
export async function sealAt(params: {
  by: TestClient;
  group: GroupId;
  head: EntryId;
  body: MessageBody;
  /** As it is, instead of what the body gives. */
  plaintext?: Uint8Array;
}): Promise<{ envelope: Envelope; id: MessageId }> {
  const { by, group, head, body } = params;
  const core = coreOf(by.client);
  const cache = core.groups.get(group)?.epochs ?? new Map();
  const state = await readState({ database: core.database, group, cache, head });
  assert.ok(state);
  const { key, privateKey } = core.self.installation;
  const content: MessageContent = {
    ...{ group, inbox: by.client.inbox, installation: key, nonce: toHex(randomBytes(16)) },
    ...{ depth: 1, parents: [], sentAtMs: Date.now(), ...body },
  };
  const { newState, message: privateMessage } = sealMessage({
    state,
    plaintext: params.plaintext ?? writeApplicationMessage({ content, replaces: [] }),
    authenticatedData: new Uint8Array(0),
    signatureKey: { publicKey: fromHex(key), privateKey },
    padding: 0,
  });
  cache.set(head, { kind: "open", state: newState });
  const posting = postingCredentialOf({ network: core.network, group, head, state });
  const envelope = buildGroupEnvelope({ network: core.network, group, posting, privateMessage });
  return { envelope, id: messageIdOf(content) };
}
