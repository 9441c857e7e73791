import { WeftError } from "../errors.ts";
import type { ConversationId, GroupId, InboxId, InstallationKey } from "../wire/ids.ts";
import { groupsOf } from "./group/conversation.ts";
import type { ClientCore, CoreParts } from "./group/core.ts";
import type { Group } from "./group/group.ts";

/** An open client; everything else is done by free functions that take it. Disposing closes it. */
export type Client = AsyncDisposable & {
  readonly inbox: InboxId;
  /** It becomes another one if the database turns out to be a copy. */
  readonly installation: InstallationKey;
};

const cores = new WeakMap<Client, ClientCore>();

export function bindCore(client: Client, core: ClientCore): void {
  cores.set(client, core);
}

/** Gives the core of a client. Throws `closed` for a client that was closed. */
export function coreOf(client: Client): ClientCore {
  const core = cores.get(client);
  if (core && !core.closing.signal.aborted) return core;
  throw new WeftError({ code: "closed", message: "the client was closed" });
}

/** Finds a group. Throws `unknown-group` for a group that is not in this client's database. */
export function groupOf(core: CoreParts<"groups">, id: GroupId): Group {
  const group = core.groups.get(id);
  if (group) return group;
  throw unknownGroup(id);
}

/**
 * Finds the groups of a conversation; `isDirect` if they are those of a direct one, however many. Throws
 * `unknown-group`.
 */
export function groupsIn(
  core: CoreParts<"groups" | "self">,
  id: ConversationId,
): { readonly groups: readonly [Group, ...Group[]]; readonly isDirect: boolean } {
  const [first, ...others] = groupsOf(core, id);
  if (first) return { groups: [first, ...others], isDirect: first.id !== id };
  throw unknownGroup(id);
}

function unknownGroup(id: ConversationId): WeftError {
  return new WeftError({ code: "unknown-group", message: `no such group in this database: ${id}` });
}
