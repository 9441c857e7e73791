import { isWeftError, WeftError } from "../../errors.ts";
import { type PageNews, planPage } from "../../reconciler/entries/planPage.ts";
import type { NodeApi } from "../../rpc/nodeApi.ts";
import type { EntryPage } from "../../wire/chainEntry.ts";
import type { NodeId } from "../../wire/ids.ts";
import type { RegistrySource } from "../asking/askRegistry.ts";
import type { Group } from "../group/group.ts";
import { adoptPage } from "./adoptPage.ts";
import { agreeOn } from "./agreeOn.ts";
import { chainPosition } from "./chainPosition.ts";

export type EntryReader = RegistrySource & {
  group: Group;
  node: NodeId;
  api: Pick<NodeApi, "fetchEntries" | "getHistories">;
};

export type PageOutcome =
  /** Nothing of the page is left to be done. */
  | "read"
  /** What comes after what is known has to be read anew. */
  | "again"
  /** The witnesses that could agree are not that far yet: read the page anew later. */
  | "later"
  /** The node is not as far as this client: it shows nothing about what has come since. */
  | "stale"
  /** Nobody can tell who is right: nothing of the page is acted on. */
  | "undecided"
  /** The node that serves the page does not tell what is on the chain. */
  | "contradicted";

const MAX_PLANS = 16;

/**
 * Takes in a page of entries, all that the node has or as many as fit after the place that it starts from, once a
 * witness agrees that this is what the chain holds. If no witness answers at all, what is new is adopted provisionally,
 * and nothing that was agreed on is dropped. Do not call it from within the group's queue.
 */
export async function receivePage(params: EntryReader & { page: EntryPage }): Promise<PageOutcome> {
  const { group, page } = params;
  for (let i = 0; i < MAX_PLANS; i++) {
    const plan = planPage({ group, page });
    if (plan.kind === "nothing") return "read";
    if (plan.kind === "stale") return "stale";
    const { kind } = await agreeOn({ ...params, claim: plan.claim });
    if (kind === "undecided" || kind === "contradicted") return kind;
    if (kind === "not-yet") return "later";
    const isAgreed = kind === "agreed";
    const dropsAgreed = plan.differsFrom || plan.lost.some(({ isProvisional }) => !isProvisional);
    if (!isAgreed && dropsAgreed) return "undecided";
    const outcome = await group.queue.run(() => carryOut({ ...params, plan, isAgreed }));
    if (outcome) return outcome;
  }
  throw new WeftError({ code: "not-ready", message: `the group ${group.id} changes faster than it is read` });
}

/** Carries out a plan; undefined if a stream, or a reading beside it, has overtaken the plan. */
async function carryOut(
  params: EntryReader & { plan: PageNews; isAgreed: boolean },
): Promise<PageOutcome | undefined> {
  const { core, group, plan } = params;
  const { entries, dead } = group.view;
  if (entries !== plan.view.entries || dead !== plan.view.dead) return undefined;
  try {
    return (await adoptPage(params)) ? "again" : "read";
  } catch (error) {
    // An answer of the registry on which a verdict rests is asked for meanwhile, and a witness of its own confirms it.
    if (!isWeftError(error, "not-ready")) throw error;
    core.logger.debug({ group: group.id, error }, "an entry waits for the registry");
    return "later";
  }
}

/** Takes in all that a node has after what is known. */
export async function readOn(params: EntryReader): Promise<Exclude<PageOutcome, "again">> {
  const { core, group, api, signal } = params;
  for (;;) {
    const page = await api.fetchEntries(await chainPosition(core, group.id), { signal });
    const outcome = await receivePage({ ...params, page });
    if (outcome !== "again" && (outcome !== "read" || !page.more)) return outcome;
  }
}
