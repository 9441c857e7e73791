import { type MessageId, toHex } from "../../src/wire/ids.ts";
import type { MessageContent } from "../../src/wire/messageContent.ts";
import { textPart } from "../../src/wire/part.ts";
import { relationKinds } from "../../src/wire/relation.ts";

type Body = Pick<MessageContent, "relation" | "parts">;

/** What a message with a text says. */
export const says = (text: string): Body => ({ parts: [textPart(text)] });

/** What a message says that deletes one of its author's own. */
export const deletes = (target: MessageId): Body => relates("delete", target, { parts: [] });

/** What a message says that does something to another one: with a text, unless other parts are given. */
export function relates(
  kind: keyof typeof relationKinds | number,
  target: MessageId,
  more: { readonly revision?: number; readonly key?: string; readonly parts?: Body["parts"] } = {},
): Body {
  const { revision = 1, key, parts = [textPart("again")] } = more;
  const number = typeof kind === "number" ? kind : relationKinds[kind];
  const named = key === undefined ? {} : { key: toHex(new TextEncoder().encode(key)) };
  return { relation: { kind: number, target, revision, ...named }, parts };
}
