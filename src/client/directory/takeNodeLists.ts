import { droppedBlocks, isDroppedWord, nodeWord } from "../../chain/layout/nodeWord.ts";
import { steadyMs } from "../../clock/steadyMs.ts";
import type { KnownNode } from "../../reconciler/records/records.ts";
import type { Operated } from "../../reconciler/witness/nextOperators.ts";
import { MAX_WORDS_PER_CALL } from "../../rpc/limits.ts";
import type { NodeRecord } from "../../rpc/nodeApi.ts";
import type { Database } from "../../store/openDatabase.ts";
import { writeAtomic } from "../../store/writeAtomic.ts";
import type { Hex, NodeId } from "../../wire/ids.ts";
import { tables } from "../database/tables.ts";
import { activeNodes, isUp } from "../nodes/nodeLinks.ts";
import { NO_WORDS, type Reading, readAgreed } from "../witness/readAgreed.ts";
import type { Witnesses } from "../witness/witnesses.ts";
import type { NodeList } from "./nodeList.ts";
import { provenRecords } from "./provenRecords.ts";
import { tellFalseList } from "./tellFalseList.ts";

type Params = {
  witnesses: Witnesses;
  /** Undefined: nothing is kept. */
  database?: Database | undefined;
  lists: readonly NodeList[];
  signal: AbortSignal;
};

/** `hidden`: the registry has nodes that none of the lists names; `open`: nobody has confirmed what is new. */
export type Taken = "taken" | "hidden" | "open";

/**
 * Takes from lists of nodes what the registry's words confirm: two operators have to agree on these, among those that
 * the app named or that were known before. What one node lists replaces nothing that is known of others.
 */
export async function takeNodeLists(params: Params): Promise<Taken> {
  const { witnesses, lists, signal } = params;
  const { nodes: known } = witnesses.links;
  const variants = provenRecords(lists);
  const news = variants.filter((record) => !isSame(known.get(record.node), knownNodeOf(record)));
  const asked = [...news, ...omittedFrom({ known, variants })];
  const ids = [...new Set(asked.map(({ node }) => node))].slice(0, MAX_WORDS_PER_CALL);
  const isFirst = known.size === 0;
  const list = { ...NO_WORDS, nodes: ids };
  const panel = panelOf({ witnesses, lists, variants });
  let reading = await readAgreed({ witnesses, panel, list, signal });
  if (reading.kind !== "agreed" && isFirst) {
    // An app that names one node has to take its word for what other nodes there are; these are asked then.
    await take(
      params,
      news.map((record) => knownNodeOf(record)),
    );
    reading = await readAgreed({ witnesses, panel: [...known.values()], list, signal });
  }
  if (reading.kind === "none") return "open";
  await take(params, chosenFrom({ witnesses, reading, news, ids, isFirst }));
  if (reading.kind !== "agreed") return "open";
  const words = new Map(ids.map((node, i) => [node, reading.words.nodes[i]]));
  await take(params, droppedOf({ known, words }));
  if (isFirst) await dropFalse({ ...params, news, words });
  tellFalseList({ witnesses, lists, words, head: reading.words.block });
  return reading.words.nodeCount > countHeld({ known, words }) ? "hidden" : "taken";
}

/** Lists known nodes that no list has any more: their records may have been dropped. */
function omittedFrom(params: {
  known: ReadonlyMap<NodeId, KnownNode>;
  variants: readonly NodeRecord[];
}): KnownNode[] {
  const listed = new Set(params.variants.flatMap(({ node, isDropped }) => (isDropped ? [] : [node])));
  return [...params.known.values()].filter(({ node, isDropped }) => !isDropped && !listed.has(node));
}

type KnownAndWords = {
  known: ReadonlyMap<NodeId, KnownNode>;
  /** The registry's words, as two operators have agreed on them. */
  words: ReadonlyMap<NodeId, Hex | undefined>;
};

function droppedOf({ known, words }: KnownAndWords): KnownNode[] {
  return [...words].flatMap(([id, word]) => {
    const node = known.get(id);
    if (!node || node.isDropped || word === undefined || !isDroppedWord(word)) return [];
    return [{ ...node, ...droppedBlocks(word), isDropped: true }];
  });
}

/** Counts the nodes whose records the registry holds, as far as this client knows. */
function countHeld({ known, words }: KnownAndWords): number {
  const ids = new Set([...known.keys(), ...words.keys()]);
  const isHeld = (id: NodeId): boolean => {
    const word = words.get(id);
    if (word === undefined) return known.get(id)?.isDropped !== true;
    return BigInt(word) !== 0n && !isDroppedWord(word);
  };
  return [...ids].filter(isHeld).length;
}

/**
 * Lists the nodes that may confirm: those whose addresses the app named and that list themselves, and those known
 * before.
 */
function panelOf(params: {
  witnesses: Witnesses;
  lists: readonly NodeList[];
  variants: readonly NodeRecord[];
}): readonly Operated[] {
  const { witnesses, lists, variants } = params;
  const named = lists.flatMap(({ by, isNamed }) =>
    isNamed ? variants.filter(({ node }) => node === by).slice(0, 1) : [],
  );
  const panel = new Map<NodeId, Operated>(
    [...activeNodes(witnesses.links), ...named].map((one) => [one.node, one]),
  );
  return [...panel.values()];
}

/** Chooses what is taken of the records that say something new. */
function chosenFrom(params: {
  witnesses: Witnesses;
  reading: Exclude<Reading, { kind: "none" }>;
  news: readonly NodeRecord[];
  ids: readonly NodeId[];
  isFirst: boolean;
}): KnownNode[] {
  const { witnesses, reading, news, ids, isFirst } = params;
  const words = new Map<NodeId, Hex | undefined>(ids.map((node, i) => [node, reading.words.nodes[i]]));
  const confirmed = news.filter((record) => words.get(record.node) === nodeWord(record)).map(knownNodeOf);
  if (reading.kind === "agreed" || isFirst) return confirmed;
  const { links } = witnesses;
  const operators = new Set([...links.nodes.values()].map(({ operator }) => operator));
  if (operators.size === 1) return confirmed;
  // Nobody else answers: a node that can't be reached may have moved, and a new node may be the only one left to read
  // by.
  return confirmed.flatMap((node) => {
    const former = links.nodes.get(node.node);
    if (!former) return [{ ...node, isUnconfirmed: true }];
    const hasMoved = !isUp(links, node.node, steadyMs()) && former.httpAddress !== node.httpAddress;
    return hasMoved ? [{ ...former, httpAddress: node.httpAddress, isUnconfirmed: true }] : [];
  });
}

async function take({ witnesses, database }: Params, nodes: readonly KnownNode[]): Promise<void> {
  const { links } = witnesses;
  const changed = nodes.filter((node) => !isSame(links.nodes.get(node.node), node));
  if (changed.length === 0) return;
  const writes = changed.map((node) => tables.knownNode.put({ node: node.node }, node));
  if (database) await writeAtomic({ database, writes, sync: false });
  for (const node of changed) links.nodes.set(node.node, node);
  links.onChange();
}

/** Drops nodes that had to be taken at first and that the registry's words deny. */
async function dropFalse(
  params: Params & { news: readonly NodeRecord[]; words: ReadonlyMap<NodeId, Hex | undefined> },
): Promise<void> {
  const { witnesses, database, news, words } = params;
  const { links } = witnesses;
  const confirmed = new Set(
    news.filter((one) => words.get(one.node) === nodeWord(one)).map(({ node }) => node),
  );
  const gone = news.map(({ node }) => node).filter((node) => !confirmed.has(node) && links.nodes.has(node));
  if (gone.length === 0) return;
  const writes = gone.map((node) => tables.knownNode.del({ node }));
  if (database) await writeAtomic({ database, writes, sync: false });
  for (const node of gone) links.nodes.delete(node);
  links.onChange();
}

function knownNodeOf(record: NodeRecord): KnownNode {
  const { node, operator, signingKey, httpAddress, registeredBlock, leftBlock } = record;
  const { disabledBlock, isDropped } = record;
  return {
    ...{ node, operator, signingKey, httpAddress, registeredBlock, leftBlock, isDropped },
    disabled: disabledBlock !== undefined,
    shards: `${record.shards}`,
  };
}

function isSame(a: KnownNode | undefined, b: KnownNode): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
