import {
  type GroupId,
  type GroupState,
  groupStatus,
  isWeftError,
  listMessages,
  type TimelineItem,
} from "../index.ts";
import type { Actor } from "./stage.ts";

/** Where one client stands in one group, by its database. */
export type Standing = { readonly actor: Actor; readonly isMember: boolean; readonly state: GroupState };

export type View = Standing & { readonly items: readonly TimelineItem[] };

/** Undefined if the client does not know the group. */
export async function readStanding(params: { actor: Actor; group: GroupId }): Promise<Standing | undefined> {
  const { actor, group } = params;
  try {
    const state = await groupStatus({ client: actor.client, group });
    return { actor, isMember: state.membership === "member", state };
  } catch (error) {
    if (isWeftError(error, "unknown-group")) return undefined;
    throw error;
  }
}

/** The standing with the whole timeline. */
export async function readView(params: { actor: Actor; group: GroupId }): Promise<View | undefined> {
  const standing = await readStanding(params);
  if (standing === undefined) return undefined;
  const items = await listMessages({ client: params.actor.client, group: params.group });
  return { ...standing, items };
}

/** The texts that an app would show, in order. */
export function visibleTexts(view: Pick<View, "items">): string[] {
  return view.items.flatMap((item) =>
    item.kind === "message" && item.text !== undefined ? [item.text] : [],
  );
}
