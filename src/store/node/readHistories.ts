import type { BlockRef } from "../../wire/blockRef.ts";
import type { History, HistoryPosition } from "../../wire/history.ts";
import { EMPTY_WORD, type IdentityStep } from "../../wire/identityStep.ts";
import { decodeIdentityStep } from "../../wire/identityStepCodec.ts";
import { ID_BYTES, type InboxId, toHex } from "../../wire/ids.ts";
import { keyOf, rangeOf } from "../keys.ts";
import type { Database } from "../openDatabase.ts";
import { nodeSchema } from "../schema.ts";
import { type ChainIndex, type CursorRecord, cursorKey } from "./chainIndex.ts";
import { parseJson } from "./chainIndexCodec.ts";
import type { IndexedInbox } from "./indexedRecords.ts";

/**
 * Reads, for each inbox in order, the steps after those that the reader has, and the block up to whose end they are
 * all. Stops after about `maxBytes` of steps, at least one; the rest is for the next call.
 */
export async function readHistories(params: {
  index: ChainIndex;
  positions: readonly HistoryPosition[];
  maxBytes: number;
}): Promise<{ parts: History[]; head: BlockRef | undefined }> {
  const { index, positions, maxBytes } = params;
  const { level } = index.database;
  // One snapshot: a word that is newer than the head that comes with it would seem a lie.
  await using snapshot = level.snapshot();
  const cursor = await level.get(cursorKey, { snapshot });
  const parts: History[] = [];
  let left = maxBytes;
  for (const position of positions) {
    const { inbox } = position;
    const stored = await level.get(keyOf(nodeSchema.inbox, { inbox }), { snapshot });
    const { count = 0, word = EMPTY_WORD } = stored === undefined ? {} : parseJson<IndexedInbox>(stored);
    const source = { level, snapshot, inbox };
    const from = (await hasSameSteps({ ...source, position, count })) ? position.count : 0;
    const { steps, bytes } = await readSteps({ ...source, from, count, maxBytes: left });
    left -= bytes;
    parts.push({ from, steps, count, word });
  }
  return { parts, head: cursor && parseJson<CursorRecord>(cursor).head };
}

type Level = Database["level"];
type Source = {
  readonly level: Level;
  readonly snapshot: ReturnType<Level["snapshot"]>;
  readonly inbox: InboxId;
};

async function hasSameSteps(params: Source & { position: HistoryPosition; count: number }): Promise<boolean> {
  const { level, snapshot, inbox, position, count } = params;
  if (position.count === 0) return true;
  if (position.count > count) return false;
  const key = keyOf(nodeSchema.inboxStep, { inbox, number: position.count - 1 });
  const stored = await level.get(key, { snapshot });
  return stored !== undefined && toHex(stored.subarray(0, ID_BYTES)) === position.word;
}

async function readSteps(
  params: Source & { from: number; count: number; maxBytes: number },
): Promise<{ steps: IdentityStep[]; bytes: number }> {
  const { level, snapshot, inbox, from, count, maxBytes } = params;
  const steps: IdentityStep[] = [];
  let bytes = 0;
  if (from >= count || maxBytes <= 0) return { steps, bytes };
  const { lt } = rangeOf(nodeSchema.inboxStep, { inbox });
  const gte = keyOf(nodeSchema.inboxStep, { inbox, number: from });
  for await (const stored of level.values({ gte, lt, limit: count - from, snapshot })) {
    bytes += stored.length;
    steps.push(decodeIdentityStep(stored.slice(ID_BYTES)));
    if (bytes >= maxBytes) break;
  }
  return { steps, bytes };
}
