import { isWeftError } from "../../errors.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { ClientCore } from "../core.ts";
import { agreeOnHead } from "../entries/agreeOnHead.ts";
import type { Group } from "../groups/group.ts";
import { leaveIfBehind, MAX_BEHIND_MS } from "../witness/leaveIfBehind.ts";
import { nextOperators } from "../witness/nextOperators.ts";
import type { Testimony } from "../witness/testimony.ts";
import { askNodes } from "./askNodes.ts";
import { rankGroupNodes } from "./rankGroupNodes.ts";

type Params = { core: ClientCore; group: Group; signal: AbortSignal };

/** While nothing else asks for it. */
const PERIOD_MS = 5 * 60_000;
const UNSERVED_MS = 10_000;
/** As long as no witness has agreed. */
const ASK_AGAIN_MS = 1_000;
const ANSWER_MS = 2_000;

/**
 * Asks now and then, and whenever another node begins to serve a group, whether that node leaves out entries; as long as
 * no witness has agreed to all that is known, every second, and soon again about a node that is far behind. Ends when
 * the signal aborts.
 */
export async function keepChecking(params: Params): Promise<void> {
  const { core, group, signal } = params;
  let maxAgeMs = PERIOD_MS;
  while (!signal.aborted) {
    const outcome = await checkServing({ ...params, maxAgeMs });
    if (outcome === "not-yet") await compareHeads(params);
    const isBehind = group.caughtUpBy !== undefined && core.witnesses.behind.has(group.caughtUpBy);
    maxAgeMs = isBehind ? MAX_BEHIND_MS : PERIOD_MS;
    const isAgreed = outcome === "agreed" && group.view.provisional.length === 0;
    const timeoutMs = isAgreed ? maxAgeMs : outcome === "not-told" ? UNSERVED_MS : ASK_AGAIN_MS;
    await group.servingWakeup.wait({ signal, timeoutMs });
  }
}

/**
 * Whether a witness agrees that the node that serves a group has told of all its entries, unless that is known of the
 * last `maxAgeMs`. A node that left some out is left for a while and the app is told. Who did not agree is not asked
 * again at once.
 */
export async function checkServing(
  params: Params & { maxAgeMs: number },
): Promise<Testimony["kind"] | "not-told"> {
  const { core, group, signal, maxAgeMs } = params;
  const { caughtUpBy: node, witness, servedSinceMs } = group;
  if (node === undefined || group.processed.number < group.agreed.number) return "not-told";
  const now = Date.now();
  const isKnown = group.agreedAtMs >= servedSinceMs && group.agreedAtMs + maxAgeMs > now;
  if (witness === "agreed" && isKnown && group.view.provisional.length === 0) return "agreed";
  const isFresh = group.askedAtMs >= servedSinceMs && group.askedAtMs + ASK_AGAIN_MS > now;
  if (witness !== undefined && witness !== "agreed" && isFresh) return witness;
  return (await agreeOnHead({ core, group, node, head: group.processed, signal })).kind;
}

/** A block that is too old to be asked about is on no witness's mind: another operator's head shows how old it is. */
async function compareHeads({ core, group, signal }: Params): Promise<void> {
  const { links, witnesses } = core;
  const { caughtUpBy: serving, processed: claimed } = group;
  if (serving === undefined) return;
  const besides = links.nodes.get(serving)?.operator;
  const ranked = nextOperators({ ranked: await rankGroupNodes({ core, group: group.id }), besides });
  const timely = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  try {
    const ask = (api: NodeApi) => api.getNode({}, { signal: timely });
    const { head: newest } = await askNodes({ links, ranked, signal: timely, ask });
    leaveIfBehind({ witnesses, serving, claimed, newest, signal });
  } catch (error) {
    if (!isWeftError(error) && !timely.aborted) throw error;
  }
}
