import { steadyMs } from "../../clock/steadyMs.ts";
import { waitMs } from "../../clock/waitMs.ts";
import { nextOperators, type Operated } from "../../reconciler/witness/nextOperators.ts";
import type { Testimony } from "../../reconciler/witness/testimony.ts";
import { askOne } from "./askOne.ts";
import { type Hearing, PATIENCE_MS } from "./hearing.ts";
import { leaveIfBehind } from "./leaveIfBehind.ts";
import { noteMute } from "./noteMute.ts";
import { endRetractions } from "./retractions.ts";
import { settle } from "./settle.ts";
import { noteDoubt, settleDoubt } from "./settleDoubt.ts";
import type { Witness } from "./witness.ts";
import { askable, isOneEnough, nodeWitness } from "./witnesses.ts";

/** How long nobody has to answer before that counts as silence. */
const SILENCE_MS = 3_000;
const ASK_AGAIN_MS = 100;
/** A node that did not answer the last time is not waited for as long. */
const QUIET_PATIENCE_MS = 500;
/** How many operators are asked one after the other for one claim. */
const MAX_ASKED = 3;

/**
 * Has a claim confirmed: by an endpoint that the app named, which decides alone, otherwise by the first other operator
 * that can tell. A contradiction is settled by more operators. Throws only the signal's reason.
 */
export async function hear(hearing: Hearing): Promise<Testimony> {
  const { witnesses, ranked, inDispute = [], serving } = hearing;
  if (isOneEnough(witnesses)) return { kind: "agreed" };
  const byEndpoint = await hearAll({ ...hearing, asked: witnesses.endpoints, others: [] });
  if (byEndpoint && byEndpoint.kind !== "silent") return byEndpoint;
  const served = ranked.find(({ node }) => node === serving) ?? witnesses.links.nodes.get(serving);
  const besides = served?.operator;
  const othersOf = (nodes: readonly Operated[]) =>
    nextOperators({ ranked: nodes, besides }).filter(({ node }) => node !== serving);
  const others = othersOf([...ranked, ...inDispute]);
  const asked = askable(witnesses, othersOf(ranked)).flatMap(
    ({ node }) => nodeWitness(witnesses, node) ?? [],
  );
  return (await hearAll({ ...hearing, asked: asked.slice(0, MAX_ASKED), others })) ?? { kind: "silent" };
}

type Asked = Hearing & { readonly asked: readonly Witness[]; readonly others: readonly Operated[] };

/** Asks one witness after the other until one can tell; undefined if there is none. */
async function hearAll(params: Asked): Promise<Testimony | undefined> {
  const { witnesses, asked, claim, signal } = params;
  const { finalityBlocks, quiet } = witnesses;
  if (asked.length === 0) return undefined;
  const lie = await settleDoubt(params);
  if (lie) return lie;
  const wasQuiet = asked.every(({ node }) => node !== undefined && quiet.has(node));
  const endMs = steadyMs() + (wasQuiet ? QUIET_PATIENCE_MS : SILENCE_MS);
  const share = wasQuiet ? QUIET_PATIENCE_MS / asked.length : PATIENCE_MS;
  const muted = new Set<Witness>();
  let isSomebodyThere = false;
  do {
    for (const witness of asked) {
      const patienceMs = Math.min(share, endMs - steadyMs());
      if (patienceMs <= 0) break;
      const heard = await askOne({ witness, claim, finalityBlocks, patienceMs, signal });
      const { word, head } = heard;
      noteDoubt({ ...params, heard });
      if (word.kind === "mute") muted.add(witness);
      else if (witness.node !== undefined) quiet.delete(witness.node);
      isSomebodyThere ||= word.kind !== "mute";
      if (word.kind === "same" || word.kind === "other") for (const one of muted) noteMute(witnesses, one);
      if (word.kind === "same") {
        endRetractions(params);
        const isByEndpoint = witness.node === undefined;
        leaveIfBehind({ ...params, claimed: params.told ?? claim.head, newest: head, isByEndpoint });
        return { kind: "agreed", newest: head };
      }
      if (word.kind === "other") return await settle({ ...params, accuser: witness, difference: word });
    }
    if (isSomebodyThere) break;
    await waitMs({ ms: ASK_AGAIN_MS, signal });
    signal.throwIfAborted();
  } while (steadyMs() < endMs);
  for (const witness of muted) {
    noteMute(witnesses, witness);
    if (wasQuiet) listenOn(params, witness);
  }
  return { kind: isSomebodyThere ? "not-yet" : "silent" };
}

/**
 * Goes on listening in the background: a node that only takes longer than a quiet node is waited for is no longer
 * quiet. Never throws.
 */
function listenOn({ witnesses, claim, signal }: Asked, witness: Witness): void {
  const { finalityBlocks, quiet } = witnesses;
  askOne({ witness, claim, finalityBlocks, patienceMs: PATIENCE_MS, signal }).then(
    ({ word }) => {
      if (word.kind !== "mute" && witness.node !== undefined) quiet.delete(witness.node);
    },
    () => undefined,
  );
}
