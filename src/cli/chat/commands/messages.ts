import pc from "picocolors";
import { WeftError } from "../../../errors.ts";
import {
  deleteMessage,
  editMessage,
  type ListedItem,
  listMessages,
  reactToMessage,
  searchMessages,
} from "../../../index.ts";
import { findMessage } from "../../account/findMessage.ts";
import { formatFound } from "../../account/formatFound.ts";
import { formatItem, plainLine } from "../../account/formatItem.ts";
import { markOf } from "../../account/formatListed.ts";
import { say } from "../say.ts";
import { ask, notice, type Session } from "../session.ts";
import { badUsage, type ChatCommand, currentGroup } from "./command.ts";

const DEFAULT_ITEMS = 50;
const FOUND_ITEMS = 20;
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

export const search: ChatCommand = {
  usage: "/search <words>",
  about: "messages on this device that show all these words, in all groups, the last ones below",
  run: async (session, { rest }) => {
    if (rest.trim() === "") badUsage(search);
    const { account } = session;
    const { found } = await searchMessages({ client: account.client, text: rest, limit: FOUND_ITEMS });
    for (const message of found.toReversed()) session.screen.print(formatFound({ message, account }));
    if (found.length === 0) notice(session, "nothing found");
  },
};

export const remove: ChatCommand = {
  usage: "/delete [id]",
  about: "delete your last message, or one by the beginning of its id; super admins delete others', too",
  run: async (session, { words: [id, ...more] }) => {
    if (more.length > 0) badUsage(remove);
    const { id: message, text, group } = await messageNamed({ session, id, of: "own" });
    const asked = deleteMessage({ client: session.account.client, group, message });
    await ask(session, `delete ${quote(text)}`, asked);
  },
};

export const reply: ChatCommand = {
  usage: "/reply [id] <text>",
  about: "answer the last message of another, or one by the beginning of its id",
  run: async (session, { rest }) => {
    const { id, text } = idAndText(rest);
    if (text === "") badUsage(reply);
    const { id: message } = await messageNamed({ session, id, of: "others" });
    await say(session, text, message);
  },
};

export const edit: ChatCommand = {
  usage: "/edit [id] <text>",
  about: "let your last message, or one by the beginning of its id, say something else",
  run: async (session, { rest }) => {
    const { id, text } = idAndText(rest);
    if (text === "") badUsage(edit);
    const { id: message, text: before, group } = await messageNamed({ session, id, of: "own" });
    const asked = editMessage({ client: session.account.client, group, message, text });
    await ask(session, `edit ${quote(before)}`, asked);
  },
};

export const react: ChatCommand = {
  usage: "/react <emoji> [id]",
  about: "react to the last message of another, or to one by its id; the same again takes it back",
  run: async (session, { words: [text, id, ...more] }) => {
    if (text === undefined || more.length > 0) badUsage(react);
    const { client } = session.account;
    const {
      id: message,
      text: said,
      group,
      reactions = [],
    } = await messageNamed({ session, id, of: "others" });
    const takeBack = reactions.some((one) => one.text === text && one.inboxes.includes(client.inbox));
    const asked = reactToMessage({ client, group, message, text, takeBack });
    await ask(
      session,
      `${takeBack ? `take back ${plainLine(text)} of` : `${plainLine(text)} to`} ${quote(said)}`,
      asked,
    );
  },
};

function quote(text: string | undefined): string {
  return `"${plainLine(text ?? "").slice(0, QUOTED_CHARACTERS)}"`;
}

/** An id is told from text by how it begins. */
function idAndText(rest: string): { readonly id: string | undefined; readonly text: string } {
  const [, id, text] = /^(0x[0-9a-f]*)(?:\s+(.*))?$/is.exec(rest) ?? [];
  return id === undefined ? { id, text: rest } : { id, text: text ?? "" };
}

/** The last one, of one's own or of others, or the one whose id starts so. Throws `bad-config` if there is none, or more than one. */
async function messageNamed(params: { session: Session; id: string | undefined; of: "own" | "others" }) {
  const { session, id, of } = params;
  const { client } = session.account;
  const group = currentGroup(session);
  if (id !== undefined) return { ...(await findMessage({ client, group, id })), group };
  const items = await listMessages({ client, group });
  const last = items.filter(isVisible).findLast(({ author }) => (author === client.inbox) === (of === "own"));
  if (last) return { ...last, group };
  throw new WeftError({
    code: "bad-config",
    message: of === "own" ? "you have said nothing here yet" : "nobody else has said anything here yet",
    hint: "/history shows the ids of messages.",
  });
}

function isVisible(item: ListedItem): item is Extract<ListedItem, { kind: "message" }> {
  return item.kind === "message" && item.state === "visible";
}
