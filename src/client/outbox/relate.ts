import { registerOf } from "../../reconciler/timeline/relationsOf.ts";
import type { Hex, MessageId } from "../../wire/ids.ts";
import type { MessageContent } from "../../wire/messageContent.ts";
import type { Relation } from "../../wire/relation.ts";
import type { CoreParts } from "../group/core.ts";
import type { Group } from "../group/group.ts";
import { readMessage } from "../messages/readMessage.ts";
import { readRegister } from "../messages/relationStore.ts";

const MAX_REVISION = 2 ** 32 - 1;

/** What a new message of this client's inbox does to another, after all that this inbox has done there already. */
export async function relate(params: {
  core: CoreParts<"database" | "self">;
  group: Group;
  kind: number;
  target: MessageId;
  /** Of a reaction, its text in UTF-8. */
  key?: Hex;
}): Promise<Relation> {
  const { core, group, kind, target, key } = params;
  const named = { kind, ...(key ? { key } : {}) };
  const place = { database: core.database, group: group.id, target, by: core.self.inbox };
  const there = await readRegister({ ...place, ...registerOf(named) });
  const waiting = group.view.intents.flatMap(({ action }) => {
    const relation = action.kind === "send" ? action.content.relation : undefined;
    const isSame = relation?.kind === kind && relation.target === target && relation.key === key;
    return isSame ? [relation.revision] : [];
  });
  const revision = 1 + Math.max(0, ...waiting, ...there.map((one) => one.revision));
  return { ...named, target, revision: Math.min(MAX_REVISION, revision) };
}

/** What is known of a message: the content that it came with, or as it waits in the outbox. */
export async function knownMessage(params: {
  core: CoreParts<"database">;
  group: Group;
  message: MessageId;
}): Promise<{ readonly content: MessageContent; readonly deleted: boolean } | undefined> {
  const { core, group, message } = params;
  const record = await readMessage({ database: core.database, group: group.id, id: message });
  if (record) return record;
  for (const { action } of group.view.intents) {
    if (action.kind === "send" && action.message === message)
      return { content: action.content, deleted: false };
  }
  return undefined;
}
