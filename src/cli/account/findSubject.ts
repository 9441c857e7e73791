import { isWeftError, WeftError } from "../../errors.ts";
import { type GroupId, type InboxId, listGroups } from "../../index.ts";
import { asId, ID_BYTES } from "../../wire/ids.ts";
import { findGroup } from "./findGroup.ts";
import type { Account } from "./openAccount.ts";

/** What a word names that can be allowed or blocked, and what it is called. */
export type Subject = ({ readonly group: GroupId } | { readonly inbox: InboxId }) & { readonly name: string };

/** The conversation of this name or id, or else the person. Throws `unknown-group` or `unknown-name`. */
export function findSubject({ account, text }: { account: Account; text: string }): Subject {
  const { client, names } = account;
  try {
    const { group, name } = findGroup({ client, text });
    return { group, name };
  } catch (error) {
    if (!isWeftError(error, "unknown-group") || isSeveral(error)) throw error;
  }
  const inboxes = [...new Set(listGroups({ client }).flatMap(({ members }) => members))];
  const found = names.find(text, inboxes);
  if (found.length !== 2 + 2 * ID_BYTES) {
    const hint = "Name a group, or a person by name or inbox id: a wallet address says nothing here.";
    throw new WeftError({ code: "unknown-name", message: `no inbox is known of ${text}`, hint });
  }
  const inbox = asId<InboxId>(found);
  return { inbox, name: names.nameOf(inbox) };
}

function isSeveral({ message }: Error): boolean {
  return message.startsWith("several");
}
