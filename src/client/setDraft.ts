import { WeftError } from "../errors.ts";
import { utf8 } from "../wire/bytes.ts";
import type { ConversationId } from "../wire/ids.ts";
import { MAX_NOTE_BYTES } from "../wire/limits.ts";
import { noteKinds } from "../wire/notes.ts";
import { type Client, coreOf, groupsIn } from "./client.ts";
import { conversationOf } from "./group/conversation.ts";
import { writeNotes } from "./group/notes.ts";

/**
 * Keeps what this person has begun to write in a conversation, on all devices; an empty text forgets it. Throws `unknown-group`,
 * `too-large` beyond MAX_NOTE_BYTES of UTF-8, `malformed` for a text that has no UTF-8, and what a disk may say.
 */
export async function setDraft(params: {
  client: Client;
  group: ConversationId;
  text: string;
}): Promise<void> {
  const core = coreOf(params.client);
  const group = conversationOf(core, groupsIn(core, params.group).groups[0]);
  const value = utf8(params.text);
  if (!params.text.isWellFormed()) throw new WeftError({ code: "malformed", message: "a draft is a text" });
  if (value.length > MAX_NOTE_BYTES) {
    throw new WeftError({ code: "too-large", message: `a draft has at most ${MAX_NOTE_BYTES} bytes` });
  }
  const after = () => core.events.emit({ kind: "draft", group, text: params.text });
  await writeNotes({ core, notes: [{ kind: noteKinds.draft, subject: group, value }], after });
}
