import pc from "picocolors";
import { WeftError } from "../../../errors.ts";
import { deleteMessage, type ListedItem, listMessages } from "../../../index.ts";
import { formatItem, plainLine } from "../../account/formatItem.ts";
import { markOf } from "../../account/formatListed.ts";
import { ask, type Session } from "../session.ts";
import { badUsage, type ChatCommand, currentGroup } from "./command.ts";

const DEFAULT_ITEMS = 50;
const SHORT_ID_CHARACTERS = 10;
const QUOTED_CHARACTERS = 40;

export const history: ChatCommand = {
  usage: "/history [count]",
  about: "the last items in the order that all members share, with their ids",
  run: async (session, { words: [text = String(DEFAULT_ITEMS)] }) => {
    const count = Number(text);
    if (!Number.isSafeInteger(count) || count < 1) badUsage(history);
    const { client, names } = session.account;
    const group = currentGroup(session);
    for (const item of await listMessages({ client, group, limit: count, from: "end" })) {
      const id = item.kind === "message" ? item.id.slice(0, SHORT_ID_CHARACTERS) : "";
      const text = formatItem({ item, names, mark: markOf({ item, self: client.inbox }) });
      session.screen.print(`${pc.dim(id.padEnd(SHORT_ID_CHARACTERS))} ${text}`);
    }
  },
};

export const remove: ChatCommand = {
  usage: "/delete [id]",
  about: "delete your last message, or one by the beginning of its id; super admins delete others', too",
  run: async (session, { words: [id, ...more] }) => {
    if (more.length > 0) badUsage(remove);
    const group = currentGroup(session);
    const { id: message, text } = await findMessage(session, id);
    const asked = deleteMessage({ client: session.account.client, group, message });
    await ask(session, `delete "${plainLine(text ?? "").slice(0, QUOTED_CHARACTERS)}"`, asked);
  },
};

/** One's own last, or the one whose id starts so. Throws `bad-config` if there is none, or more than one. */
async function findMessage(session: Session, id: string | undefined) {
  const { client } = session.account;
  const items = await listMessages({ client, group: currentGroup(session) });
  const messages = items.flatMap((item) => (isVisible(item) ? [item] : []));
  const found =
    id === undefined
      ? messages.filter(({ author }) => author === client.inbox).slice(-1)
      : messages.filter((one) => one.id.startsWith(id.toLowerCase()));
  const [message, ...others] = found;
  if (message !== undefined && others.length === 0) return message;
  throw new WeftError({
    code: "bad-config",
    message: message === undefined ? "there is no such message" : `more than one id starts with ${id}`,
    hint: "/history shows the ids.",
  });
}

function isVisible(item: ListedItem): item is Extract<ListedItem, { kind: "message" }> {
  return item.kind === "message" && item.state === "visible";
}
