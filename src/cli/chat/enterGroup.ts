import pc from "picocolors";
import { type ConversationId, findIntent, listIntents, listMessages, markRead } from "../../index.ts";
import { findGroup, titleOf } from "../account/findGroup.ts";
import { countOf } from "../account/formatGroups.ts";
import { plainLine } from "../account/formatItem.ts";
import { markOf } from "../account/formatListed.ts";
import { useNode } from "../account/useNode.ts";
import { followIntent, notice, type Session, showPrompt, summaries } from "./session.ts";
import { keyOf, showItem } from "./showItem.ts";

const ITEMS_SHOWN = 20;

/** Talks in another conversation from now on: its last words, and what of one's own is still on the way. */
export async function enterGroup(session: Session, conversation: ConversationId): Promise<void> {
  const { account, screen } = session;
  const { client, place } = account;
  session.current = conversation;
  const found = findGroup({ ...account, text: conversation });
  const { epoch, members, other } = found;
  const about = other === undefined ? `epoch ${epoch} · ${countOf(members.length, "member")}` : "direct";
  const items = await listMessages({ client, group: conversation, limit: ITEMS_SHOWN + 1, from: "end" });
  screen.print(`\n${pc.bold(plainLine(titleOf(account, found)))} ${pc.dim(`· ${about}`)}`);
  if (items.length > ITEMS_SHOWN) notice(session, "   there is more: /history 100 shows the last hundred");
  for (const item of items.slice(-ITEMS_SHOWN)) {
    session.lines.delete(keyOf(item));
    showItem(session, item, markOf({ item, self: client.inbox }));
  }
  await markRead({ client, group: conversation });
  await followOpen(session, conversation);
  showPrompt(session);
  if (place.preferred !== undefined) {
    await useNode({ client, group: found.group, url: place.preferred }).catch((error: Error) =>
      notice(session, error.message),
    );
  }
}

/** What was asked for before this session and has not ended. */
async function followOpen(session: Session, conversation: ConversationId): Promise<void> {
  const { client } = session.account;
  const groups = new Set(
    summaries(session).flatMap((one) => (one.conversation === conversation ? [one.group] : [])),
  );
  for (const intent of await listIntents({ client, open: true })) {
    const key = intent.message ?? intent.id;
    const handle =
      intent.group !== undefined && groups.has(intent.group)
        ? await findIntent({ client, id: intent.id })
        : undefined;
    if (handle !== undefined && session.lines.has(key)) followIntent(session, key, handle);
  }
}
