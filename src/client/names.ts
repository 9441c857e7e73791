import { WeftError } from "../errors.ts";
import { utf8 } from "../wire/bytes.ts";
import { asId, type InboxId, toHex } from "../wire/ids.ts";
import { MAX_GIVEN_NAME_BYTES } from "../wire/limits.ts";
import { noteKinds } from "../wire/notes.ts";
import { type Client, coreOf } from "./client.ts";
import { tables } from "./database/tables.ts";
import { writeNotes } from "./group/notes.ts";

/**
 * Calls an inbox by a name, on all of this person's devices and nowhere else; an empty name takes that back. Throws
 * `malformed` for what is no inbox id or has no UTF-8, `too-large` beyond MAX_GIVEN_NAME_BYTES, and what a disk may say.
 */
export async function setName(params: { client: Client; inbox: InboxId; name: string }): Promise<void> {
  const { client, name } = params;
  const core = coreOf(client);
  const inbox = asId<InboxId>(params.inbox);
  const value = utf8(name);
  if (!name.isWellFormed()) throw new WeftError({ code: "malformed", message: "a name is a text" });
  if (value.length > MAX_GIVEN_NAME_BYTES) {
    throw new WeftError({ code: "too-large", message: `a name has at most ${MAX_GIVEN_NAME_BYTES} bytes` });
  }
  const after = () => core.events.emit({ kind: "name", inbox, name });
  await writeNotes({ core, notes: [{ kind: noteKinds.name, subject: inbox, value }], after });
}

/** Gives the names that this person has given. */
export async function listNames(params: { client: Client }): Promise<ReadonlyMap<InboxId, string>> {
  const { database } = coreOf(params.client);
  const decoder = new TextDecoder();
  const names = new Map<InboxId, string>();
  for await (const { fields, value } of tables.note.rows(database, { under: { kind: noteKinds.name } })) {
    const name = decoder.decode(value.value);
    if (name !== "") names.set(asId<InboxId>(toHex(fields.subject)), name);
  }
  return names;
}
