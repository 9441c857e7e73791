import { steadyMs } from "../../clock/steadyMs.ts";
import { isWeftError } from "../../errors.ts";
import { drawBySecret } from "../../reconciler/witness/drawBySecret.ts";
import { factsOfWords } from "../../reconciler/witness/factsOfWords.ts";
import type { Operated } from "../../reconciler/witness/nextOperators.ts";
import { checkWords } from "../../rpc/wordsMessages.ts";
import type { Hex, NodeId } from "../../wire/ids.ts";
import type { Words, WordsList } from "../../wire/words.ts";
import { activeNodes } from "../nodes/nodeLinks.ts";
import { blockToReach } from "./blockToReach.ts";
import { hear } from "./hear.ts";
import { PATIENCE_MS } from "./hearing.ts";
import type { Witness } from "./witness.ts";
import { askable, nodeWitness, type Witnesses } from "./witnesses.ts";

export type Reading =
  /** Two operators say so, one of them drawn by this client's lasting secret; or an endpoint that the app named does. */
  | { readonly kind: "agreed"; readonly words: Words }
  /** Only one operator answers. */
  | { readonly kind: "silent"; readonly words: Words }
  /** The operators do not agree (yet), or nobody answers at all: ask again later. */
  | { readonly kind: "none" };

type Params = {
  witnesses: Witnesses;
  /** Nodes of which two are asked; where they contradict each other, all others are asked, too. */
  panel: readonly Operated[];
  list: WordsList;
  signal: AbortSignal;
};

/** No block has this hash: whoever is asked about it tells its own newest block. */
const NO_BLOCK: Hex = `0x${"00".repeat(32)}`;
/** How many nodes are drawn one after the other, until one answers. */
const MAX_DRAWN = 3;
/** For so long a node that did not answer is drawn after the others. */
const IN_VAIN_MS = 30_000;

export const NO_WORDS: WordsList = {
  ...{ entries: [], inboxes: [], wallets: [], nodes: [], checkpoints: [], blocks: [] },
};

/** Reads words of the newest block for which two witnesses are needed. Throws only the signal's reason. */
export async function readAgreed(params: Params): Promise<Reading> {
  const { witnesses, panel, list, signal } = params;
  for (const endpoint of witnesses.endpoints) {
    const words = await readNewest({ witnesses, witness: endpoint, list, signal });
    if (words) return { kind: "agreed", words };
  }
  const drawn = inTimeFirst(
    witnesses,
    drawBySecret({ secret: witnesses.secret, nodes: askable(witnesses, panel) }),
  );
  for (const { node } of drawn.slice(0, MAX_DRAWN)) {
    const reading = await readBy({ ...params, node });
    if (reading !== "ask-another") return reading;
  }
  return { kind: "none" };
}

/** Reads by way of one node, and once more if it names an old block. */
async function readBy(params: Params & { node: NodeId }): Promise<Reading | "ask-another"> {
  const { witnesses, panel, list, node, signal } = params;
  const witness = nodeWitness(witnesses, node);
  let least: number | undefined;
  for (;;) {
    const words = witness && (await readNewest({ witnesses, witness, list, signal }));
    if (!words || words.block.number < (least ?? 0)) return "ask-another";
    const { block: head } = words;
    const claim = { head, facts: factsOfWords({ list, words }) };
    const asked = { witnesses, serving: node, signal };
    const inDispute = activeNodes(witnesses.links);
    const testimony = await hear({ ...asked, ranked: panel, inDispute, claim });
    if (testimony.kind === "contradicted") return "ask-another";
    if (testimony.kind === "silent") return { kind: "silent", words };
    if (testimony.kind !== "agreed") return { kind: "none" };
    // A node that has reached what was known before it was asked is not old, however slow this client is.
    const isNewEnough = least !== undefined;
    least ??= await blockToReach({ ...asked, claimed: head, newest: testimony.newest });
    if (isNewEnough || least === undefined) return { kind: "agreed", words };
  }
}

/** Puts those nodes last that were waited for in vain a moment ago. */
function inTimeFirst({ drawnInVain }: Witnesses, drawn: readonly Operated[]): readonly Operated[] {
  const isLate = ({ node }: Operated) => (drawnInVain.get(node) ?? 0) + IN_VAIN_MS > steadyMs();
  return [...drawn.filter((one) => !isLate(one)), ...drawn.filter(isLate)];
}

/** Reads words of a witness's newest block; undefined for whatever goes wrong. */
async function readNewest(params: {
  witnesses: Witnesses;
  witness: Witness;
  list: WordsList;
  signal: AbortSignal;
}): Promise<Words | undefined> {
  const { witnesses, witness, list } = params;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PATIENCE_MS);
  const signal = AbortSignal.any([params.signal, late.signal]);
  try {
    const { head } = await witness.readWords({ ...NO_WORDS, block: NO_BLOCK }, { signal });
    if (!head) return undefined;
    const question = { ...list, block: head.hash };
    const { words } = await witness.readWords(question, { signal });
    if (words) checkWords({ question, words });
    return words;
  } catch (error) {
    params.signal.throwIfAborted();
    if (late.signal.aborted && witness.node) witnesses.drawnInVain.set(witness.node, steadyMs());
    if (late.signal.aborted || isWeftError(error)) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
