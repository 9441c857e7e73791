import { setTimeout as delay } from "node:timers/promises";
import pc from "picocolors";
import { steadyMs } from "../../clock/steadyMs.ts";
import { type GroupId, type NodeId, rankNodes, syncStatus } from "../../index.ts";
import { currentIn, notice, type Session } from "./session.ts";

const LOOK_MS = 500;
/** Shorter breaks are not worth a word. */
const PATIENCE_MS = 1_500;

/** Tells by way of which node the current group is read, when that changes, and when none answers. */
export async function watchLink(session: Session): Promise<void> {
  const { account, signal } = session;
  const told = new Map<GroupId, NodeId>();
  let lostAtMs: number | undefined;
  let isLost = false;
  for (; !signal.aborted; await delay(LOOK_MS, undefined, { signal }).catch(() => undefined)) {
    const current = currentIn(session)?.group;
    const { groups } = await syncStatus({ client: account.client });
    const sync = groups.find(({ group }) => group === current);
    if (current === undefined || sync === undefined || sync.membership === "removed") continue;
    const { node } = sync;
    if (node === undefined) {
      lostAtMs ??= steadyMs();
      if (isLost || steadyMs() - lostAtMs < PATIENCE_MS) continue;
      session.screen.print(pc.yellow("● no node answers; what you write waits here …"));
      isLost = true;
      continue;
    }
    if (isLost || told.get(current) !== node) {
      notice(session, `● by way of ${await describeNode(session, node)}`);
    }
    told.set(current, node);
    lostAtMs = undefined;
    isLost = false;
  }
}

/** Its number in the devnet, if it has one, and its address. */
export async function describeNode(session: Session, node: NodeId): Promise<string> {
  const { client, place } = session.account;
  const current = currentIn(session)?.group;
  const ranked = current === undefined ? [] : await rankNodes({ client, group: current });
  const url = ranked.find((one) => one.node === node)?.httpAddress ?? node.slice(0, 10);
  const index = place.devnetNodes.indexOf(url);
  return index < 0 ? url : `node ${index + 1} (${url})`;
}
