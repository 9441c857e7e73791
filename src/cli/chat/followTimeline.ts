import pc from "picocolors";
import { type GroupId, type GroupSummary, markRead, type StreamedEvent } from "../../index.ts";
import { formatClock } from "../account/formatClock.ts";
import { countOf } from "../account/formatGroups.ts";
import { formatItem, isWaiting, plainLine } from "../account/formatItem.ts";
import { enterGroup } from "./enterGroup.ts";
import { notice, type Session, showPrompt, summaries } from "./session.ts";
import { showItem } from "./showItem.ts";

/** Shows what comes in, until the client closes. */
export async function followTimeline(session: Session, events: AsyncIterable<StreamedEvent>): Promise<void> {
  for await (const event of events) await session.inTurn(() => show(session, event));
}

async function show(session: Session, event: StreamedEvent): Promise<void> {
  switch (event.kind) {
    case "shown":
      return await showIn(session, event);
    case "group":
      return await showChange(session, event.group);
    case "hidden":
      return; // what replaces it is shown
    case "chain-trouble":
      return session.screen.print(pc.yellow(`● nothing gets to the chain (${event.code}): ${event.message}`));
    case "clock":
      return session.screen.print(pc.yellow(`● ${formatClock(event)}`));
    case "storage-trouble":
      return session.screen.print(pc.yellow(`● nothing can be kept (${event.code}): ${event.message}`));
    case "missed":
      if (session.current !== undefined) await enterGroup(session, session.current);
  }
}

/** What is said in other groups is told on one line. */
async function showIn(session: Session, event: Extract<StreamedEvent, { kind: "shown" }>): Promise<void> {
  const { group, item } = event;
  if (isWaiting(item)) return; // whoever wrote it has its line
  if (group === session.current) {
    showItem(session, item);
    await markRead({ client: session.account.client, group });
    return;
  }
  const { names, client } = session.account;
  if (item.kind !== "message" || item.author === client.inbox) return;
  const summary = summaries(session).find((one) => one.group === group);
  if (summary?.consent === "unknown") return;
  const name = summary?.name ?? group.slice(0, 10);
  session.screen.print(`${pc.dim(`[${plainLine(name)}]`)} ${formatItem({ item, names })}`);
}

async function showChange(session: Session, group: GroupId): Promise<void> {
  const now = summaries(session).find((one) => one.group === group);
  const before = session.groups.get(group);
  if (now === undefined) return;
  session.groups.set(group, now);
  if (now.membership !== before?.membership) await tellMembership(session, { now, before });
  if (group === session.current && now.name !== before?.name) showPrompt(session);
}

function tellRequest(session: Session, { name, requestedBy }: GroupSummary): void {
  const who = requestedBy ? plainLine(session.account.names.nameOf(requestedBy)) : "somebody";
  const word = plainLine(name);
  notice(
    session,
    `   ${who} took you in: /allow ${word} or /block ${word}; nothing is said there until you do`,
  );
}

async function tellMembership(
  session: Session,
  { now, before }: { now: GroupSummary; before: GroupSummary | undefined },
): Promise<void> {
  const name = pc.bold(plainLine(now.name));
  const others = `${countOf(now.members.length, "member")}, epoch ${now.epoch}`;
  switch (now.membership) {
    case "creating":
    case "joining":
      return;
    case "member":
      if (before?.membership === "creating") return notice(session, `   ${name} is on the chain`);
      session.screen.print(`${pc.green("●")} You are in ${name} now ${pc.dim(`· ${others}`)}`);
      if (now.consent === "unknown") tellRequest(session, now);
      if (session.current === undefined) await enterGroup(session, now.group);
      else if (session.current !== now.group) notice(session, `   /join ${plainLine(now.name)} goes there`);
      return;
    case "removed":
      session.screen.print(pc.yellow(`● You are in ${name} no more; what you read stays yours`));
      return;
    case "cut-off":
    case "paused":
      session.screen.print(pc.yellow(`● ${name} is ${now.membership}: /status says more`));
  }
}
