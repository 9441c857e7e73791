import pc from "picocolors";
import { formatTable } from "../../formatTable.ts";
import { notice, type Session, summaries } from "../session.ts";
import type { ChatCommand } from "./command.ts";
import { allow, block, create, disappear, groups, join, rename, requests } from "./groups.ts";
import { add, call, leave, members, remove, role } from "./members.ts";
import { remove as deletion, edit, history, react, reply, search } from "./messages.ts";
import { nodes, prefer, status } from "./nodes.ts";

const help: ChatCommand = {
  usage: "/help",
  about: "this list",
  run: (session) => {
    const rows = Object.values(commands).map(({ usage, about }) => [usage, about]);
    session.screen.print(`What does not start with a slash is said to the group.\n${formatTable(rows)}`);
    notice(session, "… queued  ✓ one node has it  ✓✓ delivered: two nodes have it  ✗ failed");
  },
};

const whoami: ChatCommand = {
  usage: "/whoami",
  about: "your inbox id and wallet: what others need to invite you from elsewhere",
  run: ({ account, screen }) => screen.print(formatTable(Object.entries(account.profile))),
};

const quit: ChatCommand = {
  usage: "/quit",
  about: "leave the chat; what is on the way goes out at the next start",
  run: (session) => {
    session.hasQuit = true;
  },
};

const commands: Readonly<Record<string, ChatCommand>> = {
  ...{ help, groups, join, new: create, rename, disappear, leave },
  ...{ requests, allow, block },
  ...{ members, add, remove, role, name: call },
  ...{ reply, edit, react, history, search, delete: deletion, status, nodes, prefer, whoami, quit },
};

const synonyms: Readonly<Record<string, string>> = { switch: "join", epoch: "status", exit: "quit" };

/** Undefined for what there is not. */
export function findCommand(name: string): ChatCommand | undefined {
  const own = synonyms[name] ?? name;
  return Object.hasOwn(commands, own) ? commands[own] : undefined;
}

/** What the tabulator key offers: commands, then names of people and groups. */
export function complete(session: Session, line: string): [string[], string] {
  const word = /\S*$/.exec(line)?.[0] ?? "";
  if (!line.startsWith("/") || word === "") return [[], word];
  const offered =
    word === line
      ? Object.keys(commands).map((name) => `/${name}`)
      : [...session.account.names.all(), ...summaries(session).map(({ name }) => name)];
  const lower = word.toLowerCase();
  return [offered.filter((one) => one.toLowerCase().startsWith(lower)).map((one) => `${one} `), word];
}

/** What a chat begins with. */
export function greet(session: Session): void {
  const { account, screen } = session;
  const { profile, place } = account;
  const all = summaries(session).filter(({ membership }) => membership !== "removed");
  screen.print(
    `${pc.bold("weft")} ${pc.dim(`· ${profile.name} · ${profile.inbox.slice(0, 10)} · chain ${place.network.chainId}`)}`,
  );
  notice(session, "/help lists commands; the rest is said to the group");
  if (all.length === 0) {
    notice(session, `no group yet: /new <name> <member…> founds one; others invite you as ${profile.wallet}`);
  }
}
