import {
  type Consent,
  createGroup,
  listConversations,
  renameGroup,
  setConsent,
  setDisappearing,
} from "../../../index.ts";
import { parseSeconds } from "../../account/disappearing.ts";
import { findGroup } from "../../account/findGroup.ts";
import { findSubject } from "../../account/findSubject.ts";
import { formatGroups, formatRequests } from "../../account/formatGroups.ts";
import { plainLine } from "../../account/formatItem.ts";
import { enterGroup } from "../enterGroup.ts";
import { ask, notice, type Session, summaries } from "../session.ts";
import { badUsage, type ChatCommand, currentGroup } from "./command.ts";

export const groups: ChatCommand = {
  usage: "/groups",
  about: "your groups, with what is unread",
  run: async (session) => {
    const all = await listConversations({ client: session.account.client });
    if (all.length === 0) notice(session, "   none yet: /new <name> <member…> founds one");
    else session.screen.print(formatGroups(all));
  },
};

export const join: ChatCommand = {
  usage: "/join <group>",
  about: "talk to another of your groups",
  run: async (session, { rest }) => {
    if (rest === "") badUsage(join);
    await enterGroup(session, findGroup({ client: session.account.client, text: rest }).group);
  },
};

export const requests: ChatCommand = {
  usage: "/requests",
  about: "groups that others took you into, until you allow or block them",
  run: async (session) => {
    const { client, names } = session.account;
    const groups = await listConversations({ client, consent: "unknown" });
    if (groups.length === 0) notice(session, "   none");
    else session.screen.print(formatRequests({ groups, names }));
  },
};

export const allow: ChatCommand = {
  usage: "/allow [group or person]",
  about: "allow this group, another one, or all that somebody takes you into",
  run: (session, { rest }) => decide(session, rest, "allowed"),
};

export const block: ChatCommand = {
  usage: "/block [group or person]",
  about: "hear no more of this group, of another one, or of somebody",
  run: (session, { rest }) => decide(session, rest, "blocked"),
};

async function decide(session: Session, text: string, consent: Consent): Promise<void> {
  const { account } = session;
  const current = text === "" ? currentGroup(session) : undefined;
  const { name, ...about } = findSubject({ account, text: current ?? text });
  await setConsent({ client: account.client, consent, ...about });
  notice(session, `   ${plainLine(name)} is ${consent}`);
}

export const create: ChatCommand = {
  usage: "/new <name> [member…]",
  about: "found a group; members by name, wallet address or inbox id",
  run: async (session, { words: [name, ...members] }) => {
    if (name === undefined) badUsage(create);
    const { client, names } = session.account;
    const found = members.map((member) => names.find(member, []));
    const { group, intent } = await createGroup({ client, name, members: found });
    for (const one of summaries(session)) if (one.group === group) session.groups.set(group, one);
    await enterGroup(session, group);
    await ask(
      session,
      `found ${name}${members.length > 0 ? ` with ${members.join(", ")}` : ""}`,
      Promise.resolve(intent),
    );
  },
};

export const disappear: ChatCommand = {
  usage: "/disappear <time>",
  about: "let messages disappear from all devices after 30s, 5m, 1h, 7d or 2w from now on; off: they stay",
  run: async (session, { words: [time, ...more] }) => {
    if (time === undefined || more.length > 0) badUsage(disappear);
    const group = currentGroup(session);
    const seconds = parseSeconds(time);
    const asked = setDisappearing({ client: session.account.client, group, seconds });
    await ask(session, `disappear after ${time}`, asked);
  },
};

export const rename: ChatCommand = {
  usage: "/rename <name>",
  about: "give the group another name",
  run: async (session, { rest }) => {
    if (rest === "") badUsage(rename);
    const group = currentGroup(session);
    await ask(
      session,
      `rename to ${rest}`,
      renameGroup({ client: session.account.client, group, name: rest }),
    );
  },
};
