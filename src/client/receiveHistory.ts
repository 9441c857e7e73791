import { steadyMs } from "../clock/steadyMs.ts";
import { waitMs } from "../clock/waitMs.ts";
import { zero } from "../crypto/zero.ts";
import { WeftError } from "../errors.ts";
import { type ArchiveKeys, badArchive, openArchiveKeys } from "../identity/archiveKeys.ts";
import { historyCode, makeHistoryRequest, openHistoryOffer, spellCode } from "../identity/historyCode.ts";
import { openArchiveChunk, opensAt } from "../identity/sealArchive.ts";
import { isShown } from "../reconciler/timeline/timelineItem.ts";
import { buildHistoryEnvelope, type HistoryKey, type HistoryPayload } from "../wire/historyPayload.ts";
import { historyRequestTopic, historyTopic } from "../wire/topic.ts";
import { type Client, coreOf } from "./client.ts";
import type { HistoryRequestRecord } from "./database/tables.ts";
import type { HistoryProgress } from "./exportHistory.ts";
import type { ClientCore } from "./group/core.ts";
import { checkHead } from "./history/checkHead.ts";
import { historyNodes, openHistoryReader, publishHistory } from "./history/historyNodes.ts";
import { endRequest, isOver, openRequest, putRequest } from "./history/historyRequest.ts";
import { takePage } from "./history/takePage.ts";
import type { ImportedHistory } from "./importHistory.ts";

/** How often nodes are asked for what is new. */
const LOOK_MS = 300;
/** How long the first node may have nothing new before the others are asked, too. */
const PATIENCE_MS = 2_000;

type Params = {
  readonly core: ClientCore;
  readonly signal: AbortSignal;
  readonly onProgress: ((progress: HistoryProgress) => void) | undefined;
};

/**
 * Gets the history of this person's conversations from another device of theirs. `onCode` hears the code that a person
 * has to type there (`sendHistory`), once the request is on a node. Resolves when all has come, newest first. After a
 * crash the same call goes on where it was, with the same code.
 *
 * What comes so has `origin`, is in no digest and fills no gap. The key of the transfer is erased when it is done, and a
 * day after it was begun. Throws `expired` then, `bad-archive` or `foreign-archive` for what a device of this inbox
 * would not send, the signal's reason, and what a disk may say.
 */
export async function receiveHistory(params: {
  client: Client;
  onCode: (code: string) => void;
  onProgress?: (progress: HistoryProgress) => void;
  signal?: AbortSignal;
}): Promise<ImportedHistory> {
  const { client, onCode, onProgress } = params;
  const core = coreOf(client);
  const signal = params.signal ? AbortSignal.any([params.signal, core.closing.signal]) : core.closing.signal;
  const request = await openRequest(core);
  const topic = historyRequestTopic(request.installation);
  const payload = makeHistoryRequest(request);
  await publishHistory({ core, envelope: await buildHistoryEnvelope({ topic, payload }), signal });
  onCode(spellCode(historyCode(request)));
  const answered = request.key ? request : await awaitOffer({ core, signal, onProgress, request, topic });
  return await takeAll({ core, signal, onProgress, request: answered });
}

/** Waits until a device answers to which a person has told the code. */
async function awaitOffer(
  params: Params & { request: HistoryRequestRecord; topic: Uint8Array },
): Promise<HistoryRequestRecord> {
  const { core, signal, request, topic } = params;
  const reader = openHistoryReader(core, topic);
  for (;;) {
    await requireTime(core, request);
    for (const at of historyNodes(core, topic)) {
      const key = keyIn({ request, payloads: (await reader.read(at, signal)) ?? [] });
      if (!key) continue;
      const answered = { ...request, key };
      await putRequest(core, answered);
      return answered;
    }
    await waitMs({ ms: LOOK_MS, signal });
    signal.throwIfAborted();
  }
}

function keyIn(params: {
  request: HistoryRequestRecord;
  payloads: readonly HistoryPayload[];
}): HistoryKey | undefined {
  const { request, payloads } = params;
  for (const offer of payloads) {
    const key = offer.kind === "offer" ? openHistoryOffer({ offer, ...request }) : undefined;
    if (key) return key;
  }
  return undefined;
}

/** Takes the chunks in, one after the other, whatever order nodes have them in. */
async function takeAll(params: Params & { request: HistoryRequestRecord }): Promise<ImportedHistory> {
  const { core, signal } = params;
  let { request } = params;
  const { key } = request;
  if (!key) throw new WeftError({ code: "internal", message: "a history without a key" });
  const keys = await openArchiveKeys({
    preamble: key.preamble,
    lock: { kind: "secret", secret: key.secret },
  });
  using _ = { [Symbol.dispose]: () => zero(keys.key) };
  const topic = historyTopic(key.topic);
  const reader = openHistoryReader(core, topic);
  const waiting = new Map<number, Uint8Array>();
  let newsAtMs = steadyMs();
  for (;;) {
    await requireTime(core, request);
    const [first, ...others] = historyNodes(core, topic);
    const isSlow = steadyMs() - newsAtMs > PATIENCE_MS;
    for (const at of [...(first ? [first] : []), ...(isSlow || !first ? others : [])]) {
      keepChunks({ keys, waiting, next: request.next, payloads: (await reader.read(at, signal)) ?? [] });
      const before = request.next;
      for (let next = waiting.get(request.next); next; next = waiting.get(request.next)) {
        waiting.delete(request.next);
        const taken = await takeChunk({ ...params, request, keys, ciphertext: next });
        if (taken.kind === "end") return taken.imported;
        request = taken.request;
      }
      if (request.next > before) newsAtMs = steadyMs();
    }
    await waitMs({ ms: LOOK_MS, signal });
    signal.throwIfAborted();
  }
}

/** Keeps what is the archive's own: whatever a node has put in another's place, or made up, does not open. */
function keepChunks(params: {
  keys: ArchiveKeys;
  waiting: Map<number, Uint8Array>;
  next: number;
  payloads: readonly HistoryPayload[];
}): void {
  const { keys, waiting, next, payloads } = params;
  for (const payload of payloads) {
    if (payload.kind !== "chunk" || payload.number < next || waiting.has(payload.number)) continue;
    if (opensAt({ keys, ...payload })) waiting.set(payload.number, payload.ciphertext);
  }
}

async function takeChunk(
  params: Params & { request: HistoryRequestRecord; keys: ArchiveKeys; ciphertext: Uint8Array },
): Promise<
  | { readonly kind: "taken"; readonly request: HistoryRequestRecord }
  | { readonly kind: "end"; readonly imported: ImportedHistory }
> {
  const { core, signal, request, keys, ciphertext, onProgress } = params;
  const number = request.next;
  const chunk = openArchiveChunk({ keys, signer: request.head?.installation, number, ciphertext });
  const bytes = request.bytes + ciphertext.length;
  let after: HistoryRequestRecord = { ...request, bytes, next: number + 1 };
  if (chunk.kind === "head") {
    await checkHead({ core, head: chunk.head, signal });
    after = { ...after, head: chunk.head };
  }
  if (chunk.kind === "page") {
    const { page } = chunk;
    const come = await takePage({ core, page, origin: "device" });
    const shown = page.messages.filter(({ content }) => isShown(content)).length;
    after = { ...after, messages: after.messages + shown, come: after.come + come };
  }
  const { messages, come, head } = after;
  if (!head) throw badArchive("it has no head");
  onProgress?.({ messages, expected: head.messages, bytes });
  if (chunk.kind !== "end") {
    await putRequest(core, after);
    return { kind: "taken", request: after };
  }
  if (chunk.end.pages !== number - 1) throw badArchive("its end counts other pages");
  await endRequest(core, request);
  const { installation, writtenAtMs } = head;
  return { kind: "end", imported: { installation, writtenAtMs, messages, come, isCut: chunk.end.isCut } };
}

async function requireTime(core: ClientCore, request: HistoryRequestRecord): Promise<void> {
  if (!isOver(core, request)) return;
  await endRequest(core, request);
  const hint = "Ask again: the device shows a new code then.";
  throw new WeftError({ code: "expired", message: "the request for history is older than a day", hint });
}
