import { isWeftError } from "../../errors.ts";
import type { EntryState, NodeApi } from "../../rpc/nodeApi.ts";
import type { NodeId } from "../../wire/ids.ts";
import type { ClientCore } from "../core.ts";
import type { Group } from "../groups/group.ts";
import type { HeadId } from "../tables.ts";
import { waitMs } from "../waitMs.ts";
import { apiOf, isUp, noteWithholding } from "./nodeLinks.ts";
import { rankGroupNodes } from "./rankGroupNodes.ts";

type Params = { core: ClientCore; group: Group; signal: AbortSignal };

/** While nothing else asks for it. */
const PERIOD_MS = 5 * 60_000;
const RETRY_MS = 10_000;
const ANSWER_MS = 2_000;
/** How long the serving node has to reach the block up to which another one counted. */
const PATIENCE_MS = 5_000;
const LOOK_AGAIN_MS = 50;

/** When it was last asked about a group, ms since 1970. */
const lastChecks = new WeakMap<Group, number>();

/**
 * Asks now and then, and whenever another node begins to serve a group, whether that node leaves out entries. Ends when
 * the signal aborts.
 */
export async function keepChecking(params: Params): Promise<void> {
  const { group, signal } = params;
  while (!signal.aborted) {
    const outcome = await checkServing({ ...params, maxAgeMs: PERIOD_MS });
    await group.servingWakeup.wait({ signal, timeoutMs: outcome === "not-told" ? RETRY_MS : PERIOD_MS });
  }
}

/**
 * Whether the node that serves a group leaves out children of the head: one read from another node, unless that was
 * asked less than `maxAgeMs` ago. A node that does is left for a while and the app is told. A count can't be proven:
 * another node that lies drives the client from an honest one for that time, and no further.
 */
export async function checkServing(
  params: Params & { maxAgeMs: number },
): Promise<"agrees" | "withholds" | "not-told"> {
  const { core, group, signal, maxAgeMs } = params;
  const node = group.caughtUpBy;
  if (node === undefined) return "not-told";
  const last = lastChecks.get(group) ?? 0;
  if (last >= group.servedSinceMs && last + maxAgeMs > Date.now()) return "agrees";
  const { head } = group.view.record;
  const api = await otherNode({ ...params, node });
  if (!api) return "not-told";
  const ask = () => askCount({ group, head, api, signal });
  const isShown = (count: Pick<EntryState, "children">) =>
    (group.view.children.get(head) ?? 0) >= count.children;
  const count = await ask();
  if (!count) return "not-told";
  lastChecks.set(group, Date.now());
  if (isShown(count)) return "agrees";
  // What it counted may lie beyond the head that it told; it does not beyond the one that it tells from now on.
  const again = await ask();
  const block = again?.head?.number;
  if (!again || block === undefined) return "not-told";
  const counted = { children: Math.min(count.children, again.children) };
  const isTold = (): boolean => isShown(counted) || group.processed.number >= block;
  await untilRead({ ...params, isTold });
  if (group.caughtUpBy !== node || !isTold() || isShown(counted)) return "agrees";
  core.logger.warn({ group: group.id, node, head }, "a node leaves out entries");
  noteWithholding(core.links, node, Date.now());
  group.caughtUpBy = undefined;
  core.events.emit({ kind: "withheld", what: "entries", group: group.id, node });
  core.feedsWakeup.wake();
  return "withholds";
}

/** The best that answers, besides the one that serves. */
async function otherNode(params: Params & { node: NodeId }): Promise<NodeApi | undefined> {
  const { core, group, node } = params;
  const ranked = await rankGroupNodes({ core, group: group.id });
  const other = ranked.find((one) => one.node !== node && isUp(core.links, one.node, Date.now()));
  return other && apiOf(core.links, other.node);
}

async function askCount(params: {
  group: Group;
  head: HeadId;
  api: NodeApi;
  signal: AbortSignal;
}): Promise<EntryState | undefined> {
  const { group, head, api } = params;
  const signal = AbortSignal.any([params.signal, AbortSignal.timeout(ANSWER_MS)]);
  try {
    return await api.getEntry({ group: group.id, id: head }, { signal });
  } catch (error) {
    if (isWeftError(error) || signal.aborted) return undefined;
    throw error;
  }
}

async function untilRead(params: Params & { isTold: () => boolean }): Promise<void> {
  const { isTold, signal } = params;
  const end = Date.now() + PATIENCE_MS;
  while (!isTold() && Date.now() < end && !signal.aborted) {
    await waitMs({ ms: LOOK_AGAIN_MS, signal });
  }
}
