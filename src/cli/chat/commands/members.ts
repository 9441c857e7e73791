import {
  addMembers,
  type InboxId,
  leaveGroup,
  listMembers,
  type Role,
  removeMembers,
  setName,
  setRole,
} from "../../../index.ts";
import { asId } from "../../../wire/ids.ts";
import { formatMembers } from "../../account/formatGroups.ts";
import { ask, knownInboxes, notice, type Session } from "../session.ts";
import { badUsage, type ChatCommand, currentGroup } from "./command.ts";

export const members: ChatCommand = {
  usage: "/members",
  about: "who is in the group, with roles",
  run: async (session) => {
    const { client, names } = session.account;
    const listed = await listMembers({ client, group: currentGroup(session) });
    session.screen.print(formatMembers({ members: listed, names }));
  },
};

export const add: ChatCommand = {
  usage: "/add <member…>",
  about: "take members in",
  run: async (session, { words }) => {
    if (words.length === 0) badUsage(add);
    const found = words.map((word) => who(session, word));
    const { client } = session.account;
    await ask(
      session,
      `add ${words.join(", ")}`,
      addMembers({ client, group: currentGroup(session), members: found }),
    );
  },
};

export const remove: ChatCommand = {
  usage: "/remove <member…>",
  about: "take members out",
  run: async (session, { words }) => {
    if (words.length === 0) badUsage(remove);
    const found = words.map((word) => who(session, word));
    const { client } = session.account;
    const group = currentGroup(session);
    await ask(session, `remove ${words.join(", ")}`, removeMembers({ client, group, members: found }));
  },
};

const roles = ["member", "admin", "super-admin"] as const satisfies readonly Role[];

export const role: ChatCommand = {
  usage: `/role <member> ${roles.join("|")}`,
  about: "say what a member may do",
  run: async (session, { words: [text, name, ...more] }) => {
    const chosen = roles.find((one) => one === name);
    if (text === undefined || chosen === undefined || more.length > 0) badUsage(role);
    const { client } = session.account;
    const member = who(session, text);
    await ask(
      session,
      `make ${text} ${chosen}`,
      setRole({ client, group: currentGroup(session), member, role: chosen }),
    );
  },
};

export const leave: ChatCommand = {
  usage: "/leave",
  about: "leave the group; what you read stays yours",
  run: async (session) => {
    const { client } = session.account;
    await ask(session, "leave the group", leaveGroup({ client, group: currentGroup(session) }));
  },
};

export const call: ChatCommand = {
  usage: "/name <inbox> <name>",
  about: "call somebody by a name, on your devices only",
  run: async (session, { words: [inbox, name, ...more] }) => {
    if (inbox === undefined || name === undefined || more.length > 0) badUsage(call);
    const found = asId<InboxId>(who(session, inbox));
    await session.account.names.give(found, name);
    await setName({ client: session.account.client, inbox: found, name });
    notice(session, `   ${inbox} is called ${name} from now on`);
  },
};

function who(session: Session, text: string) {
  return session.account.names.find(text, knownInboxes(session));
}
