import { sha256 } from "#crypto";
import { fromHex, type Hex, toHex } from "../../wire/ids.ts";
import type { MessageContent } from "../../wire/messageContent.ts";
import { type Relation, relationKinds } from "../../wire/relation.ts";
import type { MessageRecord, RelationRecord } from "../records/timelineRecord.ts";
import { goesWithTarget } from "./expiry.ts";

/** What a kind of relation asks of a message; what breaks it does nothing. */
export type RelationRules = ReadonlyMap<number, RelationRule>;
type RelationRule = { readonly fits: (content: MessageContent) => boolean };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The kinds that change what another message shows, or who has read it. */
export const relationRules: RelationRules = new Map<number, RelationRule>([
  [relationKinds.edit, { fits: ({ parts }) => parts.length > 0 }],
  [relationKinds.delete, { fits: ({ parts }) => parts.length === 0 }],
  [relationKinds.read, { fits: ({ parts }) => parts.length === 0 }],
  [relationKinds.react, { fits: ({ parts, relation }) => parts.length < 2 && isText(relation?.key) }],
]);

/**
 * What a message does to the one that it names, by the openings that it has: nothing if this version does not know
 * the kind of its relation or the message breaks that kind's rule.
 */
export function relationsOf(params: {
  message: Pick<MessageRecord, "id" | "content" | "openings" | "isExpired">;
  rules?: RelationRules;
}): RelationRecord[] {
  const { message, rules = relationRules } = params;
  const { id, content, openings } = message;
  const { relation, inbox, parts } = content;
  const rule = relation && rules.get(relation.kind);
  if (relation?.target === undefined || !rule?.fits(content)) return [];
  if (message.isExpired && goesWithTarget(content)) return [];
  const { target, revision } = relation;
  const record = (state: RelationRecord["state"]): RelationRecord[] => {
    const epochs = openings.flatMap(({ verdict, epoch }) => (verdict === state ? [epoch] : []));
    if (epochs.length === 0) return [];
    return [
      {
        ...{
          target,
          source: { kind: "own", message: id },
          inbox,
          state,
          epoch: Math.max(...epochs),
          revision,
        },
        ...registerOf(relation),
        ...(parts.length > 0 ? { isSet: true as const } : {}),
      },
    ];
  };
  const acting = [
    ...record("counts"),
    ...(relation.kind === relationKinds.delete ? record("pending") : []),
    ...record("told"),
  ];
  return acting.length > 0 ? acting : record("void");
}

/** What tells the register of a relation from others of its target and inbox. */
export function registerOf(
  relation: Pick<Relation, "kind" | "key">,
): Pick<RelationRecord, "kind" | "key" | "register"> {
  const { kind, key: named = "0x" } = relation;
  const key: Hex = kind === relationKinds.react ? named : "0x";
  return { kind, key, register: toHex(sha256(fromHex(key))) };
}

/** True for one or more characters in UTF-8. */
function isText(key: Hex | undefined): boolean {
  if (key === undefined) return false;
  try {
    return decoder.decode(fromHex(key)).length > 0;
  } catch {
    return false;
  }
}
