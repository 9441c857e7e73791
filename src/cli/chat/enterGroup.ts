import pc from "picocolors";
import { findIntent, type GroupId, groupStatus, listIntents, listMessages, markRead } from "../../index.ts";
import { countOf } from "../account/formatGroups.ts";
import { plainLine } from "../account/formatItem.ts";
import { markOf } from "../account/formatListed.ts";
import { useNode } from "../account/useNode.ts";
import { followIntent, notice, type Session, showPrompt } from "./session.ts";
import { keyOf, showItem } from "./showItem.ts";

const ITEMS_SHOWN = 20;

/** Talks to another group from now on: its last words, and what of one's own is still on the way. */
export async function enterGroup(session: Session, group: GroupId): Promise<void> {
  const { account, screen } = session;
  const { client, place } = account;
  session.current = group;
  const { name, epoch, members } = await groupStatus({ client, group, digests: false });
  const items = await listMessages({ client, group, limit: ITEMS_SHOWN + 1, from: "end" });
  screen.print(
    `\n${pc.bold(plainLine(name))} ${pc.dim(`· epoch ${epoch} · ${countOf(members.length, "member")}`)}`,
  );
  if (items.length > ITEMS_SHOWN) notice(session, "   there is more: /history 100 shows the last hundred");
  for (const item of items.slice(-ITEMS_SHOWN)) {
    session.lines.delete(keyOf(item));
    showItem(session, item, markOf({ item, self: client.inbox }));
  }
  await markRead({ client, group });
  await followOpen(session, group);
  showPrompt(session);
  if (place.preferred !== undefined) {
    await useNode({ client, group, url: place.preferred }).catch((error: Error) =>
      notice(session, error.message),
    );
  }
}

/** What was asked for before this session and has not ended. */
async function followOpen(session: Session, group: GroupId): Promise<void> {
  const { client } = session.account;
  for (const intent of await listIntents({ client, open: true })) {
    const key = intent.message ?? intent.id;
    const handle = intent.group === group ? await findIntent({ client, id: intent.id }) : undefined;
    if (handle !== undefined && session.lines.has(key)) followIntent(session, key, handle);
  }
}
