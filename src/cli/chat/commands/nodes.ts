import { groupStatus, listMembers, preferNode, rankNodes, syncStatus } from "../../../index.ts";
import { plainLine } from "../../account/formatItem.ts";
import { nodeUrl } from "../../account/place.ts";
import { useNode } from "../../account/useNode.ts";
import { formatTable } from "../../formatTable.ts";
import { notice } from "../session.ts";
import { describeNode } from "../watchLink.ts";
import { badUsage, type ChatCommand, currentGroup } from "./command.ts";

export const nodes: ChatCommand = {
  usage: "/nodes",
  about: "the nodes that carry the group, in the order in which you use them",
  run: async (session) => {
    const { client } = session.account;
    const group = currentGroup(session);
    const { groups } = await syncStatus({ client });
    const inUse = groups.find((one) => one.group === group)?.node;
    const ranked = await rankNodes({ client, group });
    const rows = ranked.map(async ({ node, up }) => {
      const state = node === inUse ? "in use" : up ? "" : "does not answer";
      return [node.slice(0, 10), await describeNode(session, node), state];
    });
    session.screen.print(formatTable(await Promise.all(rows)));
  },
};

export const prefer: ChatCommand = {
  usage: "/prefer <node>|auto",
  about: "use this node for the group: a URL or a number of the devnet's; auto: as all members do",
  run: async (session, { words: [text, ...more] }) => {
    if (text === undefined || more.length > 0) badUsage(prefer);
    const { client, place } = session.account;
    const group = currentGroup(session);
    if (text === "auto") await preferNode({ client, group, node: undefined });
    else await useNode({ client, group, url: nodeUrl({ text, devnetNodes: place.devnetNodes }) });
    notice(
      session,
      text === "auto" ? "   the group's own ranking counts" : `   by way of ${text} while it answers`,
    );
  },
};

export const status: ChatCommand = {
  usage: "/status",
  about: "epoch, role, node and what is on the way",
  run: async (session) => {
    const { client } = session.account;
    const group = currentGroup(session);
    const state = await groupStatus({ client, group, digests: false });
    const members = await listMembers({ client, group });
    const sync = (await syncStatus({ client })).groups.find((one) => one.group === group);
    const role = members.find(({ inbox }) => inbox === client.inbox)?.role ?? "none";
    const rows: [string, string][] = [
      ["group", `${plainLine(state.name)}  ${group}`],
      ["epoch", `${state.epoch}, opened by ${state.head}`],
      ["you", [state.membership, state.reason, role].filter(Boolean).join(", ")],
      ["members", String(state.members.length)],
      ["chain", `read up to block ${state.block.number}`],
      ["node", state.node === undefined ? "none answers" : await describeNode(session, state.node)],
      ["on the way", `${sync?.openIntents.length ?? 0}, ${sync?.held ?? 0} messages wait for the chain`],
      ["missing", `${state.gaps} messages`],
    ];
    session.screen.print(formatTable(rows));
  },
};
